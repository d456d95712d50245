# bash completion for wsrelayd(8)

_wsrelayd() {
    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}

    COMPREPLY=()
    case $previous in
    -c | --config)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
        ;;
    -l | --log-level)
        mapfile -t COMPREPLY < <(compgen -W 'error warning notice info debug' -- "$word")
        return
        ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W '-c --config -t --check -T --dump -l --log-level
        -v --version -V --build-info -h --help' -- "$word")
}

complete -F _wsrelayd wsrelayd
