//! Policy files: TOML into a [`Policy`]. An unknown key is an error, since a mistyped deny that
//! is passed over would be a grant. Reads the file itself and nothing else.

pub mod child;
pub mod units;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::Deserialize;
use toml::Spanned;

use crate::capability::{
    ChildEnvRule, DirGrant, EnvRule, IdentityGrant, ListenRule, NetRule, Policy, RuleError,
    RunRule, SignalRule, UnixRule,
};
use crate::quota::Limits;

/// Why a policy file gives no policy, in one line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The file could not be read.
    #[error("read policy {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file does not say what a policy file may say.
    #[error("policy {}:{line}: {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong, with the key that it concerns.
        reason: String,
    },
}

/// Reads a policy file. Relative directories in it are taken from the folder it lies in.
pub fn read(path: &Path) -> Result<Policy, PolicyError> {
    let text = std::fs::read_to_string(path).map_err(|source| PolicyError::Read {
        path: path.to_owned(),
        source,
    })?;
    parse(path, &text)
}

/// Parses what a policy file at `path` says, as [`read`] does.
///
/// ```
/// # use std::path::Path;
/// let text = r#"
///     [allow]
///     net = ["example.com:443"]
///     dir = ["data::/data:ro"]
///     [limits]
///     max-memory = "64MiB"
/// "#;
/// let policy = aio_host::policy::parse(Path::new("/etc/app/policy.toml"), text)?;
/// assert_eq!(policy.dirs()[0].host, Path::new("/etc/app/data"));
/// assert_eq!(policy.limits.memory_max, 64 * 1024 * 1024);
/// # Ok::<(), aio_host::policy::PolicyError>(())
/// ```
pub fn parse(path: &Path, text: &str) -> Result<Policy, PolicyError> {
    let source = Source { path, text };
    let content: Content = toml::from_str(text).map_err(|error| source.malformed(&error))?;
    source.policy(&content)
}

/// What a file says. Every string knows its place, for the message when it is no rule.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Content {
    allow: Allow,
    deny: Deny,
    env: BTreeMap<Spanned<String>, String>,
    limits: LimitKeys,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct Allow {
    net: Vec<Spanned<String>>,
    listen: Vec<Spanned<String>>,
    unix: Vec<Spanned<String>>,
    env: Vec<Spanned<String>>,
    run: Vec<Spanned<String>>,
    child_env: Vec<Spanned<String>>,
    signal: Vec<Spanned<String>>,
    terminal: bool,
    dir: Vec<Spanned<String>>,
    tls_identity: Vec<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct Deny {
    net: Vec<Spanned<String>>,
    listen: Vec<Spanned<String>>,
    unix: Vec<Spanned<String>>,
    env: Vec<Spanned<String>>,
    run: Vec<Spanned<String>>,
    child_env: Vec<Spanned<String>>,
    signal: Vec<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct LimitKeys {
    max_memory: Option<Spanned<String>>,
    max_handles: Option<u32>,
    max_sockets: Option<u32>,
    max_buffered: Option<Spanned<String>>,
    max_lookups: Option<u32>,
    max_operations: Option<u32>,
    max_children: Option<u32>,
    child_limit: Option<Spanned<String>>,
    child_grace: Option<Spanned<String>>,
    confine_children: bool,
    max_workers: Option<u32>,
    max_jobs: Option<u32>,
    timeout: Option<Spanned<String>>,
    fuel: Option<u64>,
}

struct Source<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Source<'_> {
    fn policy(&self, content: &Content) -> Result<Policy, PolicyError> {
        let mut policy = self.denied(&content.deny, self.allowed(&content.allow)?)?;
        for (name, value) in &content.env {
            policy = policy.set_env(self.read_with("env", name, EnvRule::from_str)?, value);
        }
        policy.limits = self.limits(&content.limits)?;
        Ok(policy)
    }

    fn allowed(&self, allow: &Allow) -> Result<Policy, PolicyError> {
        let mut policy = Policy::default();
        for rule in self.rules("allow.net", &allow.net)? {
            policy = policy.allow_net(rule);
        }
        for rule in self.rules::<ListenRule>("allow.listen", &allow.listen)? {
            policy = policy.allow_listen(rule);
        }
        for rule in self.rules::<UnixRule>("allow.unix", &allow.unix)? {
            policy = policy.allow_unix(rule);
        }
        for rule in self.rules("allow.env", &allow.env)? {
            policy = policy.allow_env(rule);
        }
        for grant in self.rules::<DirGrant>("allow.dir", &allow.dir)? {
            policy = policy.allow_dir(grant.relative_to(self.folder()));
        }
        for grant in self.rules::<IdentityGrant>("allow.tls-identity", &allow.tls_identity)? {
            policy = policy.allow_tls_identity(grant.relative_to(self.folder()));
        }
        self.allowed_children(allow, policy)
    }

    fn allowed_children(&self, allow: &Allow, mut policy: Policy) -> Result<Policy, PolicyError> {
        for rule in self.run_rules("allow.run", &allow.run)? {
            policy = policy.allow_run(rule);
        }
        for rule in self.rules::<ChildEnvRule>("allow.child-env", &allow.child_env)? {
            policy = policy.allow_child_env(rule);
        }
        for rule in self.rules::<SignalRule>("allow.signal", &allow.signal)? {
            policy = policy.allow_signal(rule);
        }
        if allow.terminal {
            policy = policy.allow_terminal();
        }
        Ok(policy)
    }

    fn denied(&self, deny: &Deny, mut policy: Policy) -> Result<Policy, PolicyError> {
        for rule in self.rules::<NetRule>("deny.net", &deny.net)? {
            policy = policy.deny_net(rule);
        }
        for rule in self.rules("deny.listen", &deny.listen)? {
            policy = policy.deny_listen(rule);
        }
        for rule in self.rules("deny.unix", &deny.unix)? {
            policy = policy.deny_unix(rule);
        }
        for rule in self.rules("deny.env", &deny.env)? {
            policy = policy.deny_env(rule);
        }
        for rule in self.run_rules("deny.run", &deny.run)? {
            policy = policy.deny_run(rule);
        }
        for rule in self.rules("deny.child-env", &deny.child_env)? {
            policy = policy.deny_child_env(rule);
        }
        for rule in self.rules("deny.signal", &deny.signal)? {
            policy = policy.deny_signal(rule);
        }
        Ok(policy)
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or_else(|| Path::new(""))
    }

    fn limits(&self, keys: &LimitKeys) -> Result<Limits, PolicyError> {
        let mut limits = Limits::default();
        if let Some(text) = &keys.max_memory {
            limits.memory_max = self.read_with("limits.max-memory", text, units::parse_size)?;
        }
        if let Some(text) = &keys.max_buffered {
            limits.buffered_max = self.read_with("limits.max-buffered", text, units::parse_size)?;
        }
        if let Some(text) = &keys.timeout {
            let timeout = self.read_with("limits.timeout", text, units::parse_duration)?;
            limits.timeout = Some(timeout);
        }
        limits.handles_max = keys.max_handles.unwrap_or(limits.handles_max);
        limits.sockets_max = keys.max_sockets.unwrap_or(limits.sockets_max);
        limits.lookups_max = keys.max_lookups.unwrap_or(limits.lookups_max);
        limits.operations_max = keys.max_operations.unwrap_or(limits.operations_max);
        limits.fuel = keys.fuel;
        self.limits_of_children(keys, limits)
    }

    fn limits_of_children(
        &self,
        keys: &LimitKeys,
        mut limits: Limits,
    ) -> Result<Limits, PolicyError> {
        if let Some(text) = &keys.child_limit {
            limits.child = self.read_with("limits.child-limit", text, child::parse_child_limits)?;
        }
        if let Some(text) = &keys.child_grace {
            limits.child_grace =
                self.read_with("limits.child-grace", text, units::parse_duration)?;
        }
        limits.children_max = keys.max_children.unwrap_or(limits.children_max);
        limits.confine_children = keys.confine_children;
        limits.workers_max = keys.max_workers.unwrap_or(limits.workers_max);
        limits.jobs_max = keys.max_jobs.unwrap_or(limits.jobs_max);
        Ok(limits)
    }

    /// Rules with a path in them.
    fn run_rules(&self, key: &str, texts: &[Spanned<String>]) -> Result<Vec<RunRule>, PolicyError> {
        let read = |text: &str| RunRule::read(text, self.folder());
        let rule = |text| self.read_with(key, text, read);
        texts.iter().map(rule).collect()
    }

    fn rules<R>(&self, key: &str, texts: &[Spanned<String>]) -> Result<Vec<R>, PolicyError>
    where
        R: FromStr<Err = RuleError>,
    {
        let rule = |text| self.read_with(key, text, R::from_str);
        texts.iter().map(rule).collect()
    }

    fn read_with<T>(
        &self,
        key: &str,
        text: &Spanned<String>,
        parse: impl FnOnce(&str) -> Result<T, RuleError>,
    ) -> Result<T, PolicyError> {
        parse(text.as_ref()).map_err(|error| {
            let value = text.as_ref().escape_debug();
            self.error(text.span().start, format!("{key}: `{value}`: {error}"))
        })
    }

    fn malformed(&self, error: &toml::de::Error) -> PolicyError {
        let start = error.span().map_or(0, |span| span.start);
        // The parser's words may take several lines; serde's "field" is a key to who writes TOML.
        let lines: Vec<&str> = error.message().lines().collect();
        let reason = lines.join(", ").replacen("unknown field", "unknown key", 1);
        self.error(start, reason)
    }

    fn error(&self, offset: usize, reason: String) -> PolicyError {
        let before = self.text.bytes().take(offset);
        PolicyError::Content {
            path: self.path.to_owned(),
            line: 1 + before.filter(|byte| *byte == b'\n').count(),
            reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn parsed(text: &str) -> Policy {
        parse(Path::new("dir/p.toml"), text).unwrap()
    }

    fn said(text: &str) -> String {
        let error = parse(Path::new("dir/p.toml"), text).unwrap_err();
        error.to_string()
    }

    #[test]
    fn an_empty_file_grants_nothing() {
        assert_eq!(parsed(""), Policy::default());
    }

    #[test]
    fn every_key_arrives() {
        let policy = parsed(
            r#"
            [allow]
            net = ["example.com:443", "10.0.0.0/8"]
            listen = ["127.0.0.1:8080"]
            unix = ["@app"]
            env = ["LANG"]
            run = ["/bin/sh -c"]
            child-env = ["MODE*"]
            signal = ["TERM"]
            terminal = true
            dir = ["data::/data:ro", "/abs"]
            tls-identity = ["web=c.pem,/k.pem"]
            [deny]
            net = ["10.0.0.1"]
            listen = ["*:22"]
            unix = ["@sys*"]
            env = ["SECRET"]
            run = ["/bin/sh -c 'a b'"]
            child-env = ["MODEL"]
            signal = ["HUP"]
            [env]
            MODE = "fast"
            [limits]
            max-memory = "512MiB"
            max-handles = 100
            max-sockets = 50
            max-buffered = "1MiB"
            max-lookups = 4
            max-operations = 200
            max-children = 8
            child-limit = "cpu=10s,files=64"
            child-grace = "1s"
            confine-children = true
            max-workers = 3
            max-jobs = 5
            timeout = "5s"
            fuel = 1000
            "#,
        );
        let mut expected = Policy::default()
            .allow_net("example.com:443".parse().unwrap())
            .allow_net("10.0.0.0/8".parse().unwrap())
            .allow_listen("127.0.0.1:8080".parse().unwrap())
            .allow_unix("@app".parse().unwrap())
            .allow_env("LANG".parse().unwrap())
            .allow_dir("dir/data::/data:ro".parse().unwrap())
            .allow_dir("/abs".parse().unwrap())
            .allow_tls_identity("web=dir/c.pem,/k.pem".parse().unwrap())
            .deny_net("10.0.0.1".parse().unwrap())
            .deny_listen("*:22".parse().unwrap())
            .deny_unix("@sys*".parse().unwrap())
            .deny_env("SECRET".parse().unwrap())
            .allow_run("/bin/sh -c".parse().unwrap())
            .allow_child_env("MODE*".parse().unwrap())
            .allow_signal("TERM".parse().unwrap())
            .allow_terminal()
            .deny_run("/bin/sh -c 'a b'".parse().unwrap())
            .deny_child_env("MODEL".parse().unwrap())
            .deny_signal("HUP".parse().unwrap())
            .set_env("MODE".parse().unwrap(), "fast");
        expected.limits.memory_max = 512 * 1024 * 1024;
        expected.limits.handles_max = 100;
        expected.limits.sockets_max = 50;
        expected.limits.buffered_max = 1024 * 1024;
        expected.limits.lookups_max = 4;
        expected.limits.operations_max = 200;
        expected.limits.children_max = 8;
        expected.limits.child = child::parse_child_limits("cpu=10s,files=64").unwrap();
        expected.limits.child_grace = Duration::from_secs(1);
        expected.limits.confine_children = true;
        expected.limits.workers_max = 3;
        expected.limits.jobs_max = 5;
        expected.limits.timeout = Some(Duration::from_secs(5));
        expected.limits.fuel = Some(1000);
        assert_eq!(policy, expected);
    }

    #[test]
    fn an_unknown_key_is_named_with_file_and_line() {
        assert_eq!(
            said("[allow]\nnet = []\n\n[allwo]\nnet = []\n"),
            "policy dir/p.toml:4: unknown key `allwo`, expected one of `allow`, `deny`, `env`, `limits`"
        );
        assert_eq!(
            said("[deny]\nnets = []\n"),
            "policy dir/p.toml:2: unknown key `nets`, expected one of `net`, `listen`, `unix`, `env`, `run`, `child-env`, `signal`"
        );
        assert!(
            said("[limits]\nmax_memory = \"1MiB\"").contains("p.toml:2: unknown key `max_memory`")
        );
    }

    #[test]
    fn a_bad_rule_is_named_with_line_key_and_text() {
        assert_eq!(
            said("[allow]\nnet = [\n  \"a\",\n  \"10.0.0.1/8\",\n]\n"),
            "policy dir/p.toml:4: allow.net: `10.0.0.1/8`: bits are set beyond the prefix; 10.0.0.0/8 is that network"
        );
        assert!(said("[limits]\nmax-buffered = \"1MB\"").contains("limits.max-buffered: `1MB`"));
        assert!(said("[limits]\ntimeout = \"5\"").contains("p.toml:2: limits.timeout: `5`: "));
        assert!(said("[env]\n\"A=B\" = \"\"").contains("p.toml:2: env: `A=B`: "));
    }

    #[test]
    fn what_is_no_toml_or_of_another_type_is_one_line() {
        for text in [
            "[allow",
            "[allow]\nnet = \"a\"",
            "[limits]\nmax-handles = -1",
            "a = 'x\ny'",
        ] {
            let said = said(text);
            assert!(said.starts_with("policy dir/p.toml:"), "{said}");
            assert!(!said.contains('\n'), "{said}");
        }
    }

    #[test]
    fn the_largest_numbers() {
        assert_eq!(
            parsed("[limits]\nmax-handles = 4294967295")
                .limits
                .handles_max,
            u32::MAX
        );
        assert!(said("[limits]\nmax-handles = 4294967296").contains("p.toml:2: "));
        assert_eq!(
            parsed("[limits]\nfuel = 9223372036854775807").limits.fuel,
            Some(i64::MAX as u64)
        );
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = read(Path::new("no/such.toml")).unwrap_err();
        assert!(error.to_string().starts_with("read policy no/such.toml: "));
    }
}
