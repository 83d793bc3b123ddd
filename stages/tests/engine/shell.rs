//! Completions and manual pages: of every command, the study's own too.

use std::process::Command;

use crate::project::Project;

/// All commands as `--help` lists them, by the commands above them.
fn commands(project: &Project, above: &[&str]) -> Vec<String> {
    let help = project.run(&[above, &["--help"]].concat()).stdout;
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = listed.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    names.filter(|name| !name.is_empty() && *name != "help").map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_and_options() {
    let project = Project::new();
    let script = project.run(&["completions", "bash"]);
    assert_eq!(script.code, 0, "{}", script.stderr);
    project.write("retrial.bash", &script.stdout);
    let complete = |words: &str| {
        let program = format!(
            "source ./retrial.bash; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _retrial retrial \"${{COMP_WORDS[-1]}}\" \"${{COMP_WORDS[-2]}}\"; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        );
        let output =
            Command::new("bash").args(["--norc", "-c", &program]).current_dir(project.root()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let found: Vec<String> = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
        found
    };
    assert_eq!(complete("retrial rep"), ["repro"]);
    assert_eq!(complete("retrial exp"), ["export"]);
    assert_eq!(complete("retrial stage verd"), ["verdicts"]);
    assert_eq!(complete("retrial repro --until"), ["--until-decided"]);
    assert_eq!(complete("retrial compare --direction h"), ["higher"]);
    for shell in ["zsh", "fish", "powershell", "elvish"] {
        assert!(project.run(&["completions", shell]).stdout.contains("until-decided"), "{shell}");
    }
    assert_eq!(project.run(&["completions", "cmd"]).code, 2);
}

#[test]
fn every_command_has_a_manual_page() {
    let project = Project::new();
    let ran = project.run(&["man", "pages/man1"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
    let mut pages = vec!["retrial".to_owned()];
    for name in commands(&project, &[]) {
        for below in commands(&project, &[&name]) {
            pages.push(format!("retrial-{name}-{below}"));
        }
        pages.push(format!("retrial-{name}"));
    }
    assert!(pages.len() > 30, "{pages:?}");
    let page = |name: &str| project.read(&format!("pages/man1/{name}.1"));
    for name in &pages {
        assert!(page(name).contains(".SH SYNOPSIS"), "{name}");
    }
    for name in commands(&project, &[]) {
        assert!(page("retrial").contains(&format!("retrial\\-{name}(1)")), "{name}");
    }
    assert!(page("retrial-repro").contains("until\\-decided"));
    // The first page alone, for a pipe.
    assert_eq!(project.run(&["man"]).stdout, page("retrial"));
    // Where it cannot write.
    project.write("file", "");
    let ran = project.run(&["man", "file/man1"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("file/man1: manual pages cannot be written"), "{}", ran.stderr);
}
