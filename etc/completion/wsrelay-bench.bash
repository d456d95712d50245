# bash completion for wsrelay-bench(1)

_wsrelay_bench() {
    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}

    COMPREPLY=()
    case $previous in
    --ca)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
        ;;
    -p | --pid)
        mapfile -t COMPREPLY < <(compgen -W "$(pgrep -x wsrelayd)" -- "$word")
        return
        ;;
    -c | --connections | --publishers | --publish-url | -s | --size | -f | --in-flight | -d | \
        --duration | -n | --count | -r | --rate | --header | --subprotocol | --source | \
        --server-name | -t | --threads | --timeout)
        return
        ;;
    esac
    if [[ $COMP_CWORD -eq 1 && $word != -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W 'echo fanout connect idle' -- "$word")
        return
    fi
    mapfile -t COMPREPLY < <(compgen -W '-c --connections --publishers --publish-url -s --size
        -f --in-flight -d --duration -n --count -r --rate --text --hold --no-echo --header
        --subprotocol --deflate --source --insecure --ca --server-name -t --threads -p --pid
        --no-verify --timeout --json --quiet -h --help -V --version' -- "$word")
}

complete -F _wsrelay_bench wsrelay-bench
