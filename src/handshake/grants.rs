//! What grants a missing right, as a command.

use super::agreements::{Agreements, Whose};
use super::halves::Denial;
use super::ids::SubscriptionId;
use super::reason::{Code, Reason};

/// The custom role that our application holds on its own tenant's networks.
pub const HOME_ROLE: &str = "peerpact home networks";
/// The custom role that a partner grants our application on the networks it lets us reach.
pub const PARTNER_ROLE: &str = "peerpact partner networks";

/// Tells who lacks which action on which scope, and the command that grants it.
#[must_use]
pub fn access_missing(denial: &Denial, agreements: &Agreements) -> Reason {
    let Denial { principal, action, scope, code } = denial;
    if code.starts_with("AADSTS") {
        let message = format!("our application {principal} cannot sign in to the tenant of {scope} ({code})");
        let fix = format!(
            "az ad sp create --id {principal}   # in that tenant; then grant it `{PARTNER_ROLE}` there"
        );
        return Reason::new(Code::AccessMissing, message).fixed_by(fix);
    }
    let role = match subscription_of(scope).and_then(|subscription| agreements.whose(subscription)) {
        Some(Whose::Ours) => HOME_ROLE,
        Some(Whose::Theirs(_)) | None => PARTNER_ROLE,
    };
    let message = format!("our application {principal} lacks {action} on {scope} ({code})");
    let fix = format!(
        "az role assignment create --assignee-object-id {principal} --assignee-principal-type ServicePrincipal --role '{role}' --scope {scope}"
    );
    Reason::new(Code::AccessMissing, message).fixed_by(fix)
}

fn subscription_of(scope: &str) -> Option<SubscriptionId> {
    let mut segments = scope.trim_matches('/').split('/');
    segments.next().filter(|first| first.eq_ignore_ascii_case("subscriptions"))?;
    segments.next()?.parse().ok()
}
