/*
 * Lists.
 */
#include "base/list.h"

#include "suite.h"

struct item {
    int number;
    struct list_node node;
};

static struct list_node head;
static struct item items[4];

static void prepare(void)
{
    list_init(&head);
    for (int i = 0; i < 4; i++) {
        items[i].number = i;
        list_init(&items[i].node);
    }
}

static void append_all(void)
{
    for (int i = 0; i < 4; i++) {
        list_append(&head, &items[i].node);
    }
}

/* Checks that the list holds these numbers, read forwards and backwards. */
static void ck_assert_holds(struct list_node *list, const int *numbers, int count)
{
    struct list_node *node = list;

    for (int i = 0; i < count; i++) {
        node = node->next;
        ck_assert_int_eq(container_of(node, struct item, node)->number, numbers[i]);
        ck_assert_ptr_eq(node->previous->next, node);
    }
    ck_assert_ptr_eq(node->next, list);
    ck_assert_ptr_eq(list->previous, node);
}

START_TEST(test_nodes_come_in_the_order_in_which_they_were_appended)
{
    append_all();
    ck_assert_holds(&head, (int[]){0, 1, 2, 3}, 4);
}
END_TEST

START_TEST(test_a_node_is_removed_from_anywhere_and_may_be_removed_twice)
{
    append_all();
    list_remove(&items[1].node);
    list_remove(&items[1].node);
    list_remove(&items[3].node);
    list_remove(&items[0].node);
    ck_assert_holds(&head, (int[]){2}, 1);
    list_remove(&items[2].node);
    ck_assert(list_empty(&head));
}
END_TEST

START_TEST(test_the_first_is_taken_until_there_is_none)
{
    append_all();
    for (int i = 0; i < 4; i++) {
        ck_assert_ptr_eq(list_take_first(&head), &items[i].node);
        ck_assert(list_empty(&items[i].node));
    }
    ck_assert_ptr_null(list_take_first(&head));
}
END_TEST

START_TEST(test_taking_all_moves_every_node_and_leaves_an_empty_list)
{
    struct list_node other;

    append_all();
    list_take_all(&other, &head);
    ck_assert(list_empty(&head));
    ck_assert_holds(&other, (int[]){0, 1, 2, 3}, 4);
}
END_TEST

START_TEST(test_taking_all_of_an_empty_list_gives_an_empty_list)
{
    struct list_node other;

    list_take_all(&other, &head);
    ck_assert(list_empty(&head));
    ck_assert(list_empty(&other));
}
END_TEST

static Suite *list_suite(void)
{
    Suite *suite = suite_create("list");
    TCase *list = tcase_create("list");

    tcase_add_checked_fixture(list, prepare, NULL);
    tcase_add_test(list, test_nodes_come_in_the_order_in_which_they_were_appended);
    tcase_add_test(list, test_a_node_is_removed_from_anywhere_and_may_be_removed_twice);
    tcase_add_test(list, test_the_first_is_taken_until_there_is_none);
    tcase_add_test(list, test_taking_all_moves_every_node_and_leaves_an_empty_list);
    tcase_add_test(list, test_taking_all_of_an_empty_list_gives_an_empty_list);
    suite_add_tcase(suite, list);
    return suite;
}

int main(void)
{
    return suite_run(list_suite());
}
