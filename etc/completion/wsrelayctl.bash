# bash completion for wsrelayctl(8)

_wsrelayctl_verbs='status config listeners connections rooms watch close close-room publish reload
    drain log-level health ready metrics'

# The first word that is neither an option nor its argument.
_wsrelayctl_verb() {
    local i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        -s | --server | -t | --token-file | -c | --config | --timeout | --route | --namespace | \
            --room | --address | --state | --prefix | --limit | --code | --reason | --signal | --interval | --count)
            ((i++))
            ;;
        -*) ;;
        *)
            printf '%s' "${COMP_WORDS[i]}"
            return
            ;;
        esac
    done
}

# The options that have a meaning with a verb; all of them as long as there is none.
_wsrelayctl_options() {
    local options='-s --server -t --token-file -c --config --timeout -h --help -V --version'
    case $1 in
    health | ready | metrics | watch) ;;
    *) options+=' --json' ;;
    esac
    case $1 in
    connections) options+=' --route --namespace --room --address --state --limit --all' ;;
    rooms) options+=' --prefix --limit --all' ;;
    close | close-room) options+=' --code --reason' ;;
    publish) options+=' --binary' ;;
    reload) options+=' --wait --signal' ;;
    watch) options+=' --interval --count' ;;
    '') options+=' --route --namespace --room --address --state --prefix --limit --all --code --reason
        --binary --wait --signal --interval --count' ;;
    esac
    printf '%s' "$options"
}

_wsrelayctl() {
    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} verb offered=
    verb=$(_wsrelayctl_verb)

    COMPREPLY=()
    case $previous in
    -t | --token-file | -c | --config)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
        ;;
    --state) offered='tls-handshake upgrade open closing events finishing lingering' ;;
    --code) offered='1000 1001 1008 1011 1012 1013' ;;
    -s | --server | --timeout | --route | --namespace | --room | --address | --prefix | --limit | \
        --reason | --signal | --interval | --count)
        return
        ;;
    *)
        if [[ $word == -* ]]; then
            offered=$(_wsrelayctl_options "$verb")
        elif [[ -z $verb ]]; then
            offered=$_wsrelayctl_verbs
        elif [[ $verb == log-level ]]; then
            offered='error warning notice info debug'
        fi
        ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$offered" -- "$word")
}

complete -F _wsrelayctl wsrelayctl
