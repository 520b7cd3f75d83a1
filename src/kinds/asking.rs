//! What the agreements say of the resources that a request names, for every kind.

use crate::handshake::agreements::{Agreements, Whose};
use crate::handshake::bad_request::BadRequest;
use crate::handshake::ids::TenantId;
use crate::handshake::reason::Reason;
use crate::handshake::resource_id::ResourceId;

/// A request is held against these agreements.
#[derive(Clone, Copy)]
pub struct Asking<'a> {
    /// The tenant that we live in.
    pub home: TenantId,
    /// What it agreed to.
    pub agreements: &'a Agreements,
    /// What to add where they do not name a resource.
    pub fix: &'a str,
}

impl Asking<'_> {
    /// The partner whose `theirs` is, if `ours` is ours.
    ///
    /// # Errors
    /// Which of the two is not whose it has to be.
    pub fn partner(&self, ours: &ResourceId, theirs: &ResourceId) -> Result<TenantId, BadRequest> {
        match (self.known("ours", ours)?, self.known("theirs", theirs)?) {
            (Whose::Ours, Whose::Theirs(partner)) => Ok(partner),
            (whose @ Whose::Theirs(_), other) => {
                let rule = format!(
                    "is in {}; our half is written in our own tenant {} only",
                    self.tenant(whose),
                    self.home
                );
                let bad = BadRequest::new("ours", rule);
                Err(if other == Whose::Ours { bad.fixed_by("swap `ours` and `theirs`") } else { bad })
            }
            (Whose::Ours, Whose::Ours) => {
                let rule = format!("is in our own tenant {} too; the other end is a partner's", self.home);
                Err(BadRequest::new("theirs", rule))
            }
        }
    }

    /// Whose a resource is that stands in this field.
    ///
    /// # Errors
    /// No agreement names it.
    pub fn known(&self, field: &str, resource: &ResourceId) -> Result<Whose, BadRequest> {
        self.agreements.whose_resource(resource).ok_or_else(|| {
            let rule = format!("is {resource}, which no agreement names, so that nobody knows whose it is");
            BadRequest::new(field, rule).fixed_by(self.fix)
        })
    }

    /// What people call this tenant.
    #[must_use]
    pub fn tenant(&self, whose: Whose) -> String {
        match whose {
            Whose::Ours => format!("our own tenant {}", self.home),
            Whose::Theirs(tenant) => {
                let name =
                    self.agreements.partner(tenant).map_or("a partner", |partner| partner.name.as_str());
                format!("the tenant {tenant} of {name}")
            }
        }
    }
}

/// A refusal of this field, since no agreement covers it.
#[must_use]
pub fn uncovered(field: &str, reason: Reason) -> BadRequest {
    BadRequest { fix: reason.fix, ..BadRequest::new(field, format!("is not covered: {}", reason.message)) }
}
