//! The rules that hold between the keys of a file, and between files.

use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::Spanned;

use super::{
    AgreementError, Agreements, ManagementAgreement, OnRemoval, OurEnd, Partner, PeeringAgreement, Reach,
    Whose,
};
use crate::handshake::ids::{SubscriptionId, TenantId};
use crate::handshake::management::ids::Scope;

/// A file to be checked, with what is known from the files before it.
pub(super) struct Check<'a> {
    pub(super) file: &'a str,
    pub(super) text: &'a str,
    pub(super) home: Option<TenantId>,
    pub(super) known: &'a Agreements,
}

/// Where the keys of a file stand that are told as wrong by a rule.
#[derive(Deserialize)]
struct Places {
    partner: Spanned<IgnoredAny>,
    tenant: Spanned<IgnoredAny>,
}

impl Check<'_> {
    pub(super) fn check(&self, partner: &Partner) -> Result<(), AgreementError> {
        self.check_partner(partner)?;
        let names = partner.peerings.iter().map(|agreement| &agreement.name);
        let names: Vec<_> =
            names.chain(partner.managements.iter().map(|agreement| &agreement.name)).collect();
        for (index, name) in names.iter().enumerate() {
            self.check_names(&names[..index], name)?;
        }
        for agreement in &partner.peerings {
            self.check_values(agreement)?;
            let claims = [(agreement.ours.subscription(), true), (agreement.theirs.subscription(), false)];
            self.check_claims(partner, &agreement.name, claims.map(subscription))?;
        }
        for agreement in &partner.managements {
            self.check_management(agreement)?;
            let claims = agreement.subscriptions().map(subscription);
            // The names of management groups are unique in a tenant only, and an id does not say which one.
            let scope = (agreement.scope.clone(), agreement.ours == OurEnd::Scope);
            self.check_claims(partner, &agreement.name, claims.chain([scope]))?;
        }
        for (index, rule) in partner.requests.iter().enumerate() {
            let queue = rule.queue.get_ref();
            if partner.requests[..index].iter().any(|other| other.queue.get_ref() == queue) {
                let problem =
                    format!("a second [[requests]] is about the queue `{queue}`; write one with all actions");
                return Err(self.broken(rule.queue.span().start, problem));
            }
        }
        Ok(())
    }

    fn check_management(&self, agreement: &ManagementAgreement) -> Result<(), AgreementError> {
        let at = agreement.name.span().start;
        if agreement.on_removal == OnRemoval::Restore {
            let problem = "`on_removal = \"restore\"` is for peerings; write \"remove\" or \"keep\"";
            return Err(self.broken(at, problem.into()));
        }
        if agreement.ours == OurEnd::Scope && !agreement.groups.is_empty() {
            let problem = "`groups` are of our own manager, which needs `ours = \"manager\"`";
            return Err(self.broken(at, problem.into()));
        }
        if let (Scope::Subscription(scope), true) = (&agreement.scope, !agreement.groups.is_empty())
            && let Some(group) = agreement.groups.iter().find(|group| group.members.subscription() != *scope)
        {
            let problem =
                format!("`members` of group {} lie outside the scope {}", group.name, agreement.scope);
            return Err(self.broken(at, problem));
        }
        Ok(())
    }

    fn check_partner(&self, partner: &Partner) -> Result<(), AgreementError> {
        let at = |place: fn(&Places) -> usize| toml::from_str(self.text).as_ref().map_or(0, place);
        let at_tenant = || at(|places| places.tenant.span().start);
        let at_name = || at(|places| places.partner.span().start);
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

    fn check_values(&self, agreement: &PeeringAgreement) -> Result<(), AgreementError> {
        if agreement.prefixes.get_ref().is_empty() {
            let problem = "`prefixes` is empty, which allows nothing; name the ranges the partner may use";
            return Err(self.broken(agreement.prefixes.span().start, problem.into()));
        }
        if agreement.on_removal == OnRemoval::Restore && agreement.reach != Reach::Both {
            let problem =
                "`on_removal = \"restore\"` writes the partner's half, which needs `reach = \"both\"`";
            return Err(self.broken(agreement.name.span().start, problem.into()));
        }
        Ok(())
    }

    fn check_claims(
        &self,
        partner: &Partner,
        name: &Spanned<String>,
        claims: impl IntoIterator<Item = (Scope, bool)>,
    ) -> Result<(), AgreementError> {
        for (scope, ours) in claims {
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
            return Err(self.broken(name.span().start, problem));
        }
        Ok(())
    }

    fn broken(&self, at: usize, problem: String) -> AgreementError {
        let line = self.text.as_bytes().iter().take(at).filter(|&&byte| byte == b'\n').count() + 1;
        AgreementError::Rule { file: self.file.to_owned(), line, problem }
    }
}

fn subscription((id, ours): (SubscriptionId, bool)) -> (Scope, bool) {
    (Scope::Subscription(id), ours)
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
