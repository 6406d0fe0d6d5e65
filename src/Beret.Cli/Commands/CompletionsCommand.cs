using System.CommandLine;

namespace Beret.Cli.Commands;

/// <summary><c>beret completions</c>: a script that completes the command line in a shell.</summary>
internal static class CompletionsCommand
{
    // Each asks beret itself ([suggest:POSITION]) for verbs, options and their values, without the name of the program, and completes files where a path may stand.
    private const string Bash = """
        _beret() {
            local line="${COMP_LINE#* }"
            local point=$(( COMP_POINT - ${#COMP_LINE} + ${#line} ))
            local word="${COMP_WORDS[COMP_CWORD]}"
            local found
            found="$(beret "[suggest:${point}]" "${line}" 2>/dev/null)"
            if [[ "${word}" != -* && ${COMP_CWORD} -gt 1 ]]; then
                found="$(grep -v '^[-/]' <<< "${found}")"
            fi
            mapfile -t COMPREPLY < <(compgen -W "${found}" -- "${word}")
        }
        complete -o default -F _beret beret

        """;

    private const string Zsh = """
        #compdef beret
        _beret() {
            local line="${BUFFER#* }"
            local point=$(( CURSOR - ${#BUFFER} + ${#line} ))
            local word="${words[CURRENT]}"
            local -a found
            found=("${(@f)$(beret "[suggest:${point}]" "${line}" 2>/dev/null)}")
            if [[ "${word}" != -* && ${CURRENT} -gt 2 ]]; then
                found=("${(@)found:#[-/]*}")
            fi
            compadd -- ${found}
            [[ "${word}" == -* || ${CURRENT} -le 2 ]] || _files
        }
        compdef _beret beret

        """;

    private const string PowerShell = """
        Register-ArgumentCompleter -Native -CommandName beret -ScriptBlock {
            param($word, $tree, $position)
            $whole = $tree.ToString()
            $start = $whole.IndexOf(' ') + 1
            if ($start -eq 0) { return }
            $line = $whole.PadRight($position).Substring($start)
            beret "[suggest:$($position - $start)]" "$line" 2>$null |
                Where-Object { $_ -like "$word*" -and ($word -like '-*' -or $_ -notlike '[-/]*') } |
                ForEach-Object { [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_) }
        }

        """;

    public static Command Create(Terminal terminal)
    {
        var shell = new Argument<string>("SHELL") { Description = "bash, zsh or pwsh" };
        shell.AcceptOnlyFromAmong("bash", "zsh", "pwsh");
        var verb = new Verb(
            "completions",
            "Print a script that completes beret's command line in a shell.",
            "source <(beret completions bash)                                    # in ~/.bashrc",
            "source <(beret completions zsh)                                     # in ~/.zshrc, after compinit",
            "beret completions pwsh | Out-String | Invoke-Expression             # in $PROFILE")
        {
            shell,
        };
        verb.Runs((arguments, _) =>
        {
            terminal.Output.Write(arguments.GetRequiredValue(shell) switch { "bash" => Bash, "zsh" => Zsh, _ => PowerShell });
            return Task.FromResult(ExitCode.Ok);
        });
        return verb;
    }
}
