//! The rules that hold between the keys of a file, and between files.

use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::Spanned;

use super::{AgreementError, Agreements, OnRemoval, Partner, PeeringAgreement, Reach, Whose};
use crate::handshake::ids::TenantId;

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
        for (index, agreement) in partner.peerings.iter().enumerate() {
            self.check_names(&partner.peerings[..index], agreement)?;
            self.check_values(agreement)?;
            self.check_subscriptions(partner, agreement)?;
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

    fn check_names(&self, before: &[PeeringAgreement], one: &PeeringAgreement) -> Result<(), AgreementError> {
        let (name, at) = (one.name.get_ref(), one.name.span().start);
        if let Some(problem) = name_problem(name) {
            return Err(self.broken(at, format!("`name` {problem}")));
        }
        if before.iter().any(|other| other.name.get_ref().eq_ignore_ascii_case(name)) {
            return Err(self.broken(at, format!("a second [[peering]] is named `{name}`")));
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

    fn check_subscriptions(
        &self,
        partner: &Partner,
        agreement: &PeeringAgreement,
    ) -> Result<(), AgreementError> {
        let claims = [
            (agreement.ours.subscription(), Whose::Ours),
            (agreement.theirs.subscription(), Whose::Theirs(partner.tenant)),
        ];
        for (subscription, claimed) in claims {
            let known = self.known.whose(subscription).or_else(|| partner.whose(subscription));
            let problem = match (claimed, known) {
                (Whose::Theirs(_), Some(Whose::Theirs(other))) if other != partner.tenant => {
                    format!("subscription {subscription} is tenant {other}'s in another file")
                }
                (Whose::Ours, Some(Whose::Theirs(_))) | (Whose::Theirs(_), Some(Whose::Ours)) => {
                    format!("subscription {subscription} cannot be both ours and a partner's")
                }
                (_, Some(_) | None) => continue,
            };
            return Err(self.broken(agreement.name.span().start, problem));
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
