//! What a guest may touch: the rules, and the decisions on them. Nothing here knows of wasm, or
//! does I/O but to find programs. Whatever is not granted is refused, and a refusal names what
//! would grant it.

mod child_env;
mod denial;
mod dir;
mod env;
mod grants;
mod heard;
pub(crate) mod identity;
mod listen;
mod net;
mod network;
mod pins;
mod ports;
mod programs;
mod rule;
mod run;
mod signal;
mod special;
mod unix;

pub use child_env::ChildEnvRule;
pub use denial::{Denial, Denials};
pub use dir::DirGrant;
pub use env::EnvRule;
pub use grants::Grants;
pub use identity::IdentityGrant;
pub use listen::ListenRule;
pub use net::NetRule;
#[cfg(unix)]
pub(crate) use programs::links;
pub use rule::RuleError;
pub use run::RunRule;
pub use signal::SignalRule;
pub use unix::UnixRule;

use crate::quota::Limits;

/// What one guest may touch, and how much. The default is nothing at all, within the default
/// limits.
///
/// Rules only add up, and a deny beats every allow, whatever the order in which they were given.
///
/// ```
/// use aio_host::capability::Policy;
///
/// let policy = Policy::default()
///     .allow_net("example.com:443".parse()?)
///     .deny_net("127.0.0.0/8".parse()?);
/// # Ok::<(), aio_host::capability::RuleError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    all: bool,
    net: Allowed<NetRule>,
    listen: Allowed<ListenRule>,
    unix: Allowed<UnixRule>,
    env: EnvRules,
    run: Allowed<RunRule>,
    child_env: Allowed<ChildEnvRule>,
    signal: Allowed<SignalRule>,
    terminal: bool,
    dirs: Vec<DirGrant>,
    identities: Vec<IdentityGrant>,
    /// How much of each thing the guest may hold.
    pub limits: Limits,
}

/// The rules of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Allowed<R> {
    allow: Vec<R>,
    deny: Vec<R>,
}

/// What the guest's environment is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct EnvRules {
    names: Allowed<EnvRule>,
    set: Vec<(EnvRule, String)>,
}

impl Policy {
    /// Grants every connection, lookup, listener, abstract Unix name, environment variable, program
    /// and signal that no deny takes back, and the terminal. Programs are outside of the sandbox,
    /// so this is all that the user of the host may. Directories and TLS identities still have to
    /// be granted one by one: each needs a name for the guest.
    pub fn allow_all() -> Self {
        Self {
            all: true,
            ..Self::default()
        }
    }

    /// Grants everything that [`Policy::allow_all`] grants, beside what this policy holds.
    #[must_use]
    pub fn and_allow_all(mut self) -> Self {
        self.all = true;
        self
    }

    /// Grants connecting to what `rule` names, and looking up its name.
    #[must_use]
    pub fn allow_net(mut self, rule: NetRule) -> Self {
        self.net.allow.push(rule);
        self
    }

    /// Refuses connecting to the addresses that `rule` names, or looking up its name. A name is
    /// refused whatever port the rule says; an address that the guest knows otherwise is not, so
    /// to keep it from an address deny that.
    #[must_use]
    pub fn deny_net(mut self, rule: NetRule) -> Self {
        self.net.deny.push(rule);
        self
    }

    /// Grants listening at what `rule` names.
    #[must_use]
    pub fn allow_listen(mut self, rule: ListenRule) -> Self {
        self.listen.allow.push(rule);
        self
    }

    /// Refuses listening at what `rule` names, and at an unspecified address that includes it.
    #[must_use]
    pub fn deny_listen(mut self, rule: ListenRule) -> Self {
        self.listen.deny.push(rule);
        self
    }

    /// Grants the abstract Unix sockets that `rule` names: listening, connecting and sending.
    #[must_use]
    pub fn allow_unix(mut self, rule: UnixRule) -> Self {
        self.unix.allow.push(rule);
        self
    }

    /// Refuses the abstract Unix sockets that `rule` names.
    #[must_use]
    pub fn deny_unix(mut self, rule: UnixRule) -> Self {
        self.unix.deny.push(rule);
        self
    }

    /// Passes one of the host's environment variables on, if it is set.
    #[must_use]
    pub fn allow_env(mut self, name: EnvRule) -> Self {
        self.env.names.allow.push(name);
        self
    }

    /// Keeps an environment variable from the guest, also one that is set by [`Policy::set_env`].
    #[must_use]
    pub fn deny_env(mut self, name: EnvRule) -> Self {
        self.env.names.deny.push(name);
        self
    }

    /// Gives the guest an environment variable; of several values of one name the last counts.
    #[must_use]
    pub fn set_env(mut self, name: EnvRule, value: impl Into<String>) -> Self {
        self.env.set.push((name, value.into()));
        self
    }

    /// Grants running the programs that `rule` names.
    #[must_use]
    pub fn allow_run(mut self, rule: RunRule) -> Self {
        self.run.allow.push(rule);
        self
    }

    /// Refuses running what `rule` names, also by a link that leads to it. A copy of it is another
    /// program.
    #[must_use]
    pub fn deny_run(mut self, rule: RunRule) -> Self {
        self.run.deny.push(rule);
        self
    }

    /// Lets the guest choose variables of a child's environment.
    #[must_use]
    pub fn allow_child_env(mut self, rule: ChildEnvRule) -> Self {
        self.child_env.allow.push(rule);
        self
    }

    /// Keeps variables from children, also the guest's own.
    #[must_use]
    pub fn deny_child_env(mut self, rule: ChildEnvRule) -> Self {
        self.child_env.deny.push(rule);
        self
    }

    /// Grants listening for a signal.
    #[must_use]
    pub fn allow_signal(mut self, rule: SignalRule) -> Self {
        self.signal.allow.push(rule);
        self
    }

    /// Refuses listening for a signal.
    #[must_use]
    pub fn deny_signal(mut self, rule: SignalRule) -> Self {
        self.signal.deny.push(rule);
        self
    }

    /// Tells whether the terminal is granted.
    pub(crate) fn grants_terminal(&self) -> bool {
        self.all || self.terminal
    }

    /// Grants the terminal: its size and that it changes, raw mode, and escape sequences as they
    /// are.
    #[must_use]
    pub fn allow_terminal(mut self) -> Self {
        self.terminal = true;
        self
    }

    /// Grants a directory.
    #[must_use]
    pub fn allow_dir(mut self, grant: DirGrant) -> Self {
        self.dirs.push(grant);
        self
    }

    /// Grants the use of a certificate and its private key, which the guest never sees; of two of
    /// one name the last counts.
    #[must_use]
    pub fn allow_tls_identity(mut self, grant: IdentityGrant) -> Self {
        self.identities.push(grant);
        self
    }

    /// Tells whether every connection and every listener is granted, and no address or name is
    /// denied. Only then may a confined child use the network: the system knows ports of it, but
    /// neither names nor addresses.
    pub fn grants_all_network(&self) -> bool {
        let denied = !self.net.deny.is_empty() || !self.listen.deny.is_empty();
        let connects = self.net.allow.iter().any(NetRule::is_everything);
        let listens = self.listen.allow.iter().any(ListenRule::is_everything);
        !denied && (self.all || connects && listens)
    }

    /// Makes the guest's environment, out of the host's and what was set. Of a name that occurs
    /// twice the set one counts; the rest keeps its order.
    pub fn env(
        &self,
        of_host: impl IntoIterator<Item = (String, String)>,
    ) -> Vec<(String, String)> {
        let passed = of_host
            .into_iter()
            .filter(|(name, _)| self.all || self.env.names.allows(name));
        let set = self.env.set.iter();
        let set = set.map(|(name, value)| (name.as_str().to_owned(), value.clone()));
        let mut env: Vec<(String, String)> = Vec::new();
        for (name, value) in passed.chain(set) {
            if self.env.names.denies(&name) {
                continue;
            }
            match env.iter_mut().find(|(known, _)| *known == name) {
                Some(known) => known.1 = value,
                None => env.push((name, value)),
            }
        }
        env
    }

    /// Tells the directories that were granted, in the order of their granting.
    pub fn dirs(&self) -> &[DirGrant] {
        &self.dirs
    }

    /// Tells the certificates with private keys that were granted, in the order of their granting.
    pub fn tls_identities(&self) -> &[IdentityGrant] {
        &self.identities
    }
}

impl<R> Default for Allowed<R> {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            deny: Vec::new(),
        }
    }
}

impl Allowed<EnvRule> {
    fn allows(&self, name: &str) -> bool {
        self.allow.iter().any(|rule| rule.as_str() == name)
    }

    fn denies(&self, name: &str) -> bool {
        self.deny.iter().any(|rule| rule.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> EnvRule {
        name.parse().unwrap()
    }

    fn host() -> Vec<(String, String)> {
        pairs(&[("HOME", "/home/u"), ("LANG", "C"), ("SECRET", "s")])
    }

    fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        of.iter().map(owned).collect()
    }

    #[test]
    fn the_default_passes_no_variable() {
        assert_eq!(Policy::default().env(host()), []);
    }

    #[test]
    fn only_granted_variables_pass() {
        let policy = Policy::default().allow_env(name("LANG"));
        assert_eq!(policy.env(host()), pairs(&[("LANG", "C")]));
    }

    #[test]
    fn a_set_variable_beats_the_hosts() {
        let policy = Policy::default()
            .allow_env(name("LANG"))
            .set_env(name("LANG"), "de")
            .set_env(name("LANG"), "fr");
        assert_eq!(policy.env(host()), pairs(&[("LANG", "fr")]));
    }

    #[test]
    fn a_deny_beats_allow_all_and_set() {
        let policy = Policy::allow_all()
            .set_env(name("SECRET"), "x")
            .deny_env(name("SECRET"));
        assert_eq!(
            policy.env(host()),
            pairs(&[("HOME", "/home/u"), ("LANG", "C")])
        );
    }

    #[test]
    fn allow_all_grants_no_directory() {
        assert_eq!(Policy::allow_all().dirs(), []);
    }

    #[test]
    fn all_of_the_network_is_granted_by_both_flags_and_taken_by_any_deny() {
        let connects = Policy::default().allow_net("*".parse().unwrap());
        let all = connects.clone().allow_listen("*:*".parse().unwrap());
        assert!(all.grants_all_network() && Policy::allow_all().grants_all_network());
        for some in [
            Policy::default(),
            connects.clone(),
            Policy::default().allow_listen("*:*".parse().unwrap()),
            connects.allow_listen("*:80".parse().unwrap()),
            all.clone().deny_net("10.0.0.0/8".parse().unwrap()),
            all.deny_listen("*:22".parse().unwrap()),
            Policy::allow_all().deny_net("a.example".parse().unwrap()),
            Policy::default()
                .allow_net("*:443".parse().unwrap())
                .allow_listen("*:*".parse().unwrap()),
        ] {
            assert!(!some.grants_all_network(), "{some:?}");
        }
    }
}
