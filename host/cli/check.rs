//! `aio-host check`: what a guest imports and exports, which flags it could need, and what is
//! missing. Runs nothing of the guest.

use aio_host::{Export, Host, Import, Report, Support};

use crate::args::CheckArgs;
use crate::report::{self, Failure};
use crate::{json, progress};

/// Tells what there is to tell; fails if `aio-host run` could not run the guest.
pub(crate) fn check(args: &CheckArgs) -> Result<(), Failure> {
    let mut builder = Host::builder();
    if args.no_cache {
        builder = builder.cache(None);
    }
    let host = builder.build()?;
    let what = format!("compiling {}", args.guest.display());
    let program = progress::announced(&what, || host.load(&args.guest))?;
    let report = host.check(&program);
    report::output(&match args.json {
        true => in_json(&report),
        false => in_words(&report),
    })?;
    match obstacle(&report) {
        Some(reason) => Err(Failure::Missing(format!("{}: {reason}", program.name()))),
        None => Ok(()),
    }
}

/// Why `aio-host run` could not run it.
fn obstacle(report: &Report) -> Option<String> {
    if let Some(problem) = &report.problem {
        return Some(format!("cannot be linked: {problem}"));
    }
    let main = report.exports.iter().any(|export| export.main);
    (!main).then(|| "has no main call: it exports neither aio:host/run nor wasi:cli/run".to_owned())
}

fn in_words(report: &Report) -> String {
    let mut text = String::new();
    let names = report.imports.iter().map(|import| import.name.as_str());
    let names = names.chain(report.exports.iter().map(|export| export.name.as_str()));
    let width = names.map(str::len).max().unwrap_or(0);
    section(&mut text, "imports", &report.imports, |import| {
        row(&import.name, width, &support(import.support))
    });
    section(&mut text, "exports", &report.exports, |export| {
        row(
            &export.name,
            width,
            if export.main {
                "called by `aio-host run`"
            } else {
                ""
            },
        )
    });
    section(&mut text, "flags it could need", &report.flags(), |flag| {
        format!("  {flag}")
    });
    text
}

fn section<T>(text: &mut String, title: &str, items: &[T], line: impl Fn(&T) -> String) {
    let none = if items.is_empty() { " none" } else { "" };
    text.push_str(&format!("{title}:{none}\n"));
    for item in items {
        text.push_str(&line(item));
        text.push('\n');
    }
}

fn row(name: &str, width: usize, note: &str) -> String {
    let row = format!("  {name:width$}  {note}");
    row.trim_end().to_owned()
}

fn support(support: Support) -> String {
    match support {
        Support::Provided => "provided".to_owned(),
        Support::Partly(flags) => format!("provided; {flags} grants more"),
        Support::Granted(flags) => format!("refused unless granted by {flags}"),
        Support::Missing => "MISSING".to_owned(),
        _ => "unknown".to_owned(),
    }
}

fn in_json(report: &Report) -> String {
    let strings = |texts: Vec<&str>| json::list(texts.into_iter().map(json::string));
    let problem = obstacle(report);
    let object = json::object([
        (
            "imports",
            json::list(report.imports.iter().map(import_in_json)),
        ),
        (
            "exports",
            json::list(report.exports.iter().map(export_in_json)),
        ),
        ("flags", strings(report.flags())),
        (
            "problem",
            problem.map_or_else(|| "null".to_owned(), |problem| json::string(&problem)),
        ),
    ]);
    object + "\n"
}

fn import_in_json(import: &Import) -> String {
    let (support, note) = match import.support {
        Support::Provided => ("provided", None),
        Support::Partly(flags) => ("provided", Some(("flags", flags))),
        Support::Granted(flags) => ("granted", Some(("flags", flags))),
        Support::Missing => ("missing", None),
        _ => ("unknown", None),
    };
    let name = ("name", json::string(&import.name));
    let support = ("support", json::string(support));
    match note {
        None => json::object([name, support]),
        Some((key, note)) => json::object([name, support, (key, json::string(note))]),
    }
}

fn export_in_json(export: &Export) -> String {
    json::object([
        ("name", json::string(&export.name)),
        ("main", export.main.to_string()),
    ])
}
