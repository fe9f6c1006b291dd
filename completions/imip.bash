# bash completion for imip

_imip()
{
    local cur prev words cword command options
    if declare -F _init_completion >/dev/null 2>&1; then
        _init_completion -n = || return
    else
        cur=${COMP_WORDS[COMP_CWORD]}
        prev=${COMP_WORDS[COMP_CWORD - 1]}
        words=("${COMP_WORDS[@]}")
        cword=$COMP_CWORD
    fi
    COMPREPLY=()

    if ((cword == 1)); then
        mapfile -t COMPREPLY < <(compgen -W "build sign verify apply show lint reply retract policy completion help --help --version" -- "$cur")
        return
    fi
    command=${words[1]}
    if [[ $command == help ]]; then
        command=
        ((cword == 2)) && mapfile -t COMPREPLY < <(compgen -W "build sign verify apply show lint reply retract policy completion" -- "$cur")
        return
    fi
    if [[ $command == policy ]]; then
        if ((cword == 2)); then
            mapfile -t COMPREPLY < <(compgen -W "check allow revoke list explain --help" -- "$cur")
            return
        fi
        command="policy ${words[2]}"
    fi

    case $prev in
        --anchor|--attach|--crl|--encrypt-to|--identity|--intermediate|--key|--mbox|--output|--passphrase-file|--policy|--previous|--report|--store)
            mapfile -t COMPREPLY < <(compgen -f -- "$cur")
            return
            ;;
        --format)
            mapfile -t COMPREPLY < <(compgen -W "mail ics" -- "$cur")
            return
            ;;
        --component)
            mapfile -t COMPREPLY < <(compgen -W "vevent vtodo vjournal vfreebusy" -- "$cur")
            return
            ;;
        --layout)
            mapfile -t COMPREPLY < <(compgen -W "outer inner" -- "$cur")
            return
            ;;
        --cipher)
            mapfile -t COMPREPLY < <(compgen -W "aes256-cbc aes256-gcm" -- "$cur")
            return
            ;;
        --gpg-home|--replies|--state)
            mapfile -t COMPREPLY < <(compgen -d -- "$cur")
            return
            ;;
        --input-kind)
            mapfile -t COMPREPLY < <(compgen -W "auto message mbox maildir" -- "$cur")
            return
            ;;
        --color)
            mapfile -t COMPREPLY < <(compgen -W "auto always never" -- "$cur")
            return
            ;;
        --method)
            mapfile -t COMPREPLY < <(compgen -W "PUBLISH REQUEST REPLY ADD CANCEL REFRESH COUNTER DECLINECOUNTER" -- "$cur")
            return
            ;;
        --role)
            mapfile -t COMPREPLY < <(compgen -W "organizer attendee both" -- "$cur")
            return
            ;;
        --as|--attendee|--boundary-seed|--comment|--completed|--description|--digest|--due|--duration|--end|--exdate|--freebusy|--from|--instance|-j|--jobs|--location|--me|--message-id|--now|--organizer|--part|--passphrase-env|--passphrase-fd|--percent-complete|--priority|--rdate|--recurrence-id|--request-status|--rrule|--send|--sent-by|--sequence|--start|--status|--summary|--timezone|--to|--uid|--until|--verification-time)
            return
            ;;
    esac

    case $command in
        "build")
            options="--attach --attendee --boundary-seed --comment --completed --component --description --due --duration --each --end --exdate --expand-range --format --freebusy --from --help --json --location --mbox --me --message-id --now --organizer --output --percent-complete --policy --previous --priority --rdate --recurrence-id --request-status --rrule --send --sent-by --sequence --start --state --status --store --summary --this-and-future --timezone --to --uid --verbose -h -v"
            ;;
        "sign")
            options="--as --boundary-seed --cipher --encrypt-to --gpg-home --help --identity --intermediate --key --layout --now --opaque --output --passphrase-env --passphrase-fd --passphrase-file --policy --verbose -h -v"
            ;;
        "verify")
            options="--anchor --brief --color --crl --gpg-home --help --identity --input-kind --intermediate --jobs --json --me --now --part --passphrase-env --passphrase-fd --passphrase-file --policy --state --store --verbose --verification-time -h -j -v"
            ;;
        "apply")
            options="--accept-counter --anchor --as --brief --cipher --color --crl --decline-counter --dry-run --encrypt-to --gpg-home --help --identity --input-kind --intermediate --json --key --layout --me --now --opaque --part --passphrase-env --passphrase-fd --passphrase-file --policy --replies --report --send --sign --state --stateless --stop-on-error --store --verbose --verification-time --yes -h -v"
            ;;
        "show")
            options="--anchor --chain --color --crl --gpg-home --help --identity --input-kind --intermediate --json --me --now --part --passphrase-env --passphrase-fd --passphrase-file --policy --state --store --verbose --verification-time -h -v"
            ;;
        "lint")
            options="--color --gpg-home --help --identity --input-kind --json --now --part --passphrase-env --passphrase-fd --passphrase-file --policy --strict --verbose -h -v"
            ;;
        "reply")
            options="--anchor --as --boundary-seed --cipher --color --comment --completed --crl --due --duration --encrypt-to --end --exact --gpg-home --help --identity --instance --intermediate --json --key --layout --location --mbox --me --message-id --no-store --now --once --opaque --output --part --passphrase-env --passphrase-fd --passphrase-file --percent-complete --policy --send --sign --start --state --stateless --store --summary --this-and-future --timezone --to --verbose --verification-time --yes -h -v"
            ;;
        "retract")
            options="--digest --dry-run --help --json --me --now --policy --state --store --verbose --yes -h -v"
            ;;
        "policy check")
            options="--help --json --now --policy --verbose -h -v"
            ;;
        "policy list")
            options="--help --json --now --policy --verbose -h -v"
            ;;
        "policy allow")
            options="--free-busy --help --json --method --policy --role --sent-by --until --verbose -h -v"
            ;;
        "policy revoke")
            options="--help --json --policy --sent-by --verbose -h -v"
            ;;
        "policy explain")
            options="--anchor --color --crl --gpg-home --help --identity --intermediate --json --me --now --part --passphrase-env --passphrase-fd --passphrase-file --policy --state --store --verbose --verification-time -h -v"
            ;;
        completion)
            ((cword == 2)) && mapfile -t COMPREPLY < <(compgen -W "bash zsh fish" -- "$cur")
            return
            ;;
        *)
            return
            ;;
    esac
    if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
    elif ((cword == 2)) && [[ $command == build ]]; then
        mapfile -t COMPREPLY < <(compgen -W "request publish reply add cancel refresh counter declinecounter" -- "$cur")
    elif ((cword == 2)) && [[ $command == reply ]]; then
        mapfile -t COMPREPLY < <(compgen -W "accept tentative decline delegate counter refresh" -- "$cur")
    elif [[ $command != policy\ [carl]* ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    fi
} &&
    complete -o filenames -F _imip imip
