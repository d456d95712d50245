/*
 * Queues.
 */
#include "base/queue.h"

#include "suite.h"

enum { NODES = 3 };

static struct queue queue;
static struct queue_node nodes[NODES];

static void append_all(void)
{
    for (int i = 0; i < NODES; i++) {
        queue_append(&queue, &nodes[i]);
    }
}

START_TEST(test_nodes_come_in_the_order_in_which_they_were_appended)
{
    ck_assert(queue_empty(&queue));
    for (int round = 0; round < 2; round++) {
        append_all();
        for (int i = 0; i < NODES; i++) {
            ck_assert(!queue_empty(&queue));
            ck_assert_ptr_eq(queue_take_first(&queue), &nodes[i]);
        }
        ck_assert_ptr_null(queue_take_first(&queue));
        ck_assert(queue_empty(&queue));
    }
}
END_TEST

START_TEST(test_a_node_knows_whether_it_is_on_a_queue)
{
    append_all();
    for (int i = 0; i < NODES; i++) {
        ck_assert(queue_holds(&nodes[i]));
        queue_take_first(&queue);
        ck_assert(!queue_holds(&nodes[i]));
    }
}
END_TEST

START_TEST(test_what_is_taken_may_be_appended_again_meanwhile)
{
    struct queue taken;
    struct queue_node *node;

    append_all();
    taken = queue_take_all(&queue);
    ck_assert(queue_empty(&queue));
    while ((node = queue_take_first(&taken)) != NULL) {
        queue_append(&queue, node);
    }
    for (int i = 0; i < NODES; i++) {
        ck_assert_ptr_eq(queue_take_first(&queue), &nodes[i]);
    }
    ck_assert(queue_empty(&queue));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("queue");
    TCase *tests = suite_case(suite, "queue");

    tcase_add_test(tests, test_nodes_come_in_the_order_in_which_they_were_appended);
    tcase_add_test(tests, test_a_node_knows_whether_it_is_on_a_queue);
    tcase_add_test(tests, test_what_is_taken_may_be_appended_again_meanwhile);
    return suite_run(suite);
}
