//! The rules that hold between the keys of a file, and between files.

use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::Spanned;

use super::all::Agreements;
use super::error::AgreementError;
use super::partner::{Partner, Whose};
use super::requests::{COMMON_ACTIONS, RequestRule};
use super::terms::{Broken, Claim, Section};
use crate::handshake::ids::TenantId;
use crate::handshake::scope::Scope;

/// A file to be checked, with what is known from the files before it.
pub(super) struct Check<'a> {
    pub(super) file: &'a str,
    pub(super) text: &'a str,
    pub(super) home: Option<TenantId>,
    pub(super) sections: &'a [Section],
    pub(super) known: &'a Agreements,
}

/// Where the keys of a file stand that a rule finds wrong.
#[derive(Deserialize)]
struct Keys {
    partner: Spanned<IgnoredAny>,
    tenant: Spanned<IgnoredAny>,
}

impl Check<'_> {
    pub(super) fn check(&self, partner: &Partner) -> Result<(), AgreementError> {
        self.check_partner(partner)?;
        let names: Vec<_> = partner.all_terms().flat_map(|(_, terms)| terms.names()).collect();
        for (index, name) in names.iter().enumerate() {
            self.check_names(&names[..index], name)?;
        }
        for (_, terms) in partner.all_terms() {
            terms.check().map_err(|Broken { at, problem }| self.broken(at, problem))?;
        }
        for (_, terms) in partner.all_terms() {
            self.check_claims(partner, terms.claims())?;
        }
        for (index, rule) in partner.requests.iter().enumerate() {
            let queue = rule.queue.get_ref();
            if partner.requests[..index].iter().any(|other| other.queue.get_ref() == queue) {
                let problem =
                    format!("a second [[requests]] is about the queue `{queue}`; write one with all actions");
                return Err(self.broken(rule.queue.span().start, problem));
            }
            self.check_actions(rule)?;
        }
        Ok(())
    }

    fn check_actions(&self, rule: &RequestRule) -> Result<(), AgreementError> {
        let own = self.sections.iter().flat_map(|section| section.actions).copied();
        let known: Vec<&str> = own.chain(COMMON_ACTIONS).collect();
        let unknown = rule.actions.iter().find(|action| !known.contains(&action.get_ref().as_str()));
        unknown.map_or(Ok(()), |action| {
            let problem = format!("`{}` is not an action; there are {}", action.get_ref(), known.join(", "));
            Err(self.broken(action.span().start, problem))
        })
    }

    fn check_partner(&self, partner: &Partner) -> Result<(), AgreementError> {
        let at = |key: fn(&Keys) -> usize| toml::from_str(self.text).as_ref().map_or(0, key);
        let at_tenant = || at(|keys| keys.tenant.span().start);
        let at_name = || at(|keys| keys.partner.span().start);
        if let Some(problem) = name_problem(&partner.name) {
            return Err(self.broken(at_name(), format!("`partner` {problem}")));
        }
        if self.known.partners.iter().any(|known| known.name.eq_ignore_ascii_case(&partner.name)) {
            let problem = format!("another file's partner is named `{}` already", partner.name);
            return Err(self.broken(at_name(), problem));
        }
        if self.home == Some(partner.tenant) {
            let problem = "`tenant` is our own tenant; an agreement is made with another one";
            return Err(self.broken(at_tenant(), problem.into()));
        }
        if let Some(known) = self.known.partner(partner.tenant) {
            let problem =
                format!("tenant {} has an agreement file already, as `{}`", partner.tenant, known.name);
            return Err(self.broken(at_tenant(), problem));
        }
        Ok(())
    }

    fn check_names(&self, before: &[&Spanned<String>], one: &Spanned<String>) -> Result<(), AgreementError> {
        let (name, at) = (one.get_ref(), one.span().start);
        if let Some(problem) = name_problem(name) {
            return Err(self.broken(at, format!("`name` {problem}")));
        }
        if before.iter().any(|other| other.get_ref().eq_ignore_ascii_case(name)) {
            return Err(self.broken(at, format!("a second agreement is named `{name}`")));
        }
        Ok(())
    }

    fn check_claims(&self, partner: &Partner, claims: Vec<Claim<'_>>) -> Result<(), AgreementError> {
        for Claim { agreement, scope, ours } in claims {
            let claimed = partner.claim(ours);
            let known = self.known.whose_scope(&scope).or_else(|| partner.whose_scope(&scope));
            let what = match &scope {
                Scope::Subscription(subscription) => format!("subscription {subscription}"),
                Scope::ManagementGroup(name) => format!("management group {name}"),
            };
            let problem = match (claimed, known) {
                (Whose::Theirs(_), Some(Whose::Theirs(other))) if other != partner.tenant => {
                    format!("{what} is tenant {other}'s in another file")
                }
                (Whose::Ours, Some(Whose::Theirs(_))) | (Whose::Theirs(_), Some(Whose::Ours)) => {
                    format!("{what} cannot be both ours and a partner's")
                }
                (_, Some(_) | None) => continue,
            };
            return Err(self.broken(agreement.span().start, problem));
        }
        Ok(())
    }

    fn broken(&self, at: usize, problem: String) -> AgreementError {
        let line = self.text.as_bytes().iter().take(at).filter(|&&byte| byte == b'\n').count() + 1;
        AgreementError::Rule { file: self.file.to_owned(), line, problem }
    }
}

/// Names end in records and on terminals as `partner/name`.
fn name_problem(name: &str) -> Option<&'static str> {
    if name.trim().is_empty() {
        Some("is empty; name it as people call it")
    } else if name.contains(|c: char| c == '/' || c.is_control()) {
        Some("holds a slash or a control character; records write it as `partner/name`")
    } else {
        None
    }
}
