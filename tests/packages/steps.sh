#!/bin/sh
# What the scripts of this folder share: steps that are counted, and a log that is shown when one
# fails. The script has set `what`, the word before each step, and `directory`.
# shellcheck disable=SC2154 # these are the script's

passed=0

# step WHAT COMMAND...: runs a command, or a function, whose failure ends it all.
step() {
    title=$1
    shift
    set +e
    (set -e; "$@") >"$directory/log" 2>&1 </dev/null
    status=$?
    set -e
    if [ $status -eq 0 ]; then
        echo "ok     ${what:?}: $title"
        passed=$((passed + 1))
    else
        cat "$directory/log"
        echo "FAILED $what: $title"
        echo "$passed passed, 1 failed"
        exit 1
    fi
}

# unpack_release DIRECTORY: the tree as it was committed, without what a build has left in it.
unpack_release() {
    "${MAKE:-make}" --no-print-directory dist
    tar -C "$1" -xzf "build/$release.tar.gz"
}
