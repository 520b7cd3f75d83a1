//! What grants a missing right, as a command.

use super::agreements::{Agreements, Whose};
use super::halves::Denial;
use super::management::ids::Scope;
use super::reason::{Code, Reason};
use super::shell::word;

/// The custom role that our application holds on its own tenant's networks.
pub const HOME_ROLE: &str = "peerpact home networks";
/// The custom role that a partner grants our application on the networks it lets us reach.
pub const PARTNER_ROLE: &str = "peerpact partner networks";

/// The custom role with which our application manages connections of network managers in its own tenant.
pub const HOME_MANAGERS_ROLE: &str = "peerpact home managers";
/// The custom role with which a partner lets our application see the other half of such connections.
pub const PARTNER_MANAGERS_ROLE: &str = "peerpact partner managers";

/// Tells who lacks which action on which scope, and the command that grants it.
#[must_use]
pub fn access_missing(denial: &Denial, agreements: &Agreements) -> Reason {
    let Denial { principal, action, scope, code } = denial;
    if code.starts_with("AADSTS") {
        let message = format!("our application {principal} cannot sign in to the tenant of {scope} ({code})");
        return Reason::new(Code::AccessMissing, message).fixed_by(sign_in_fix(principal, code));
    }
    let role = role_with(action, whose(scope, agreements));
    let message = format!("our application {principal} lacks {action} on {scope} ({code})");
    let fix = format!(
        "az role assignment create --assignee-object-id {} --assignee-principal-type ServicePrincipal --role {} --scope {}",
        word(principal),
        word(role),
        word(scope)
    );
    Reason::new(Code::AccessMissing, message).fixed_by(fix)
}

/// What mends a refused sign-in, by Entra's numbers (Microsoft identity platform, error codes): a secret that is wrong,
/// missing or expired, a tenant that does not exist, and else an application that the tenant does not know.
fn sign_in_fix(principal: &str, code: &str) -> String {
    let application = word(principal);
    match code {
        "AADSTS7000215" | "AADSTS7000218" | "AADSTS7000222" => {
            format!(
                "az ad app credential reset --id {application}   # then set AZURE_CLIENT_SECRET to the new one"
            )
        }
        "AADSTS90002" => "correct `tenant` in the agreement: Entra knows no such tenant".to_owned(),
        _ => format!(
            "az ad sp create --id {application}   # in that tenant; then grant it `{PARTNER_ROLE}` there"
        ),
    }
}

/// The shipped role that holds an action. Reading is in both of a pair, and goes by whose the resource is.
fn role_with(action: &str, whose: Option<Whose>) -> &'static str {
    let has = |prefix: &str| action.to_ascii_lowercase().starts_with(prefix);
    let reads = action.to_ascii_lowercase().ends_with("/read");
    let ours = whose == Some(Whose::Ours);
    if has("microsoft.network/virtualnetworks/peer/") {
        PARTNER_ROLE
    } else if has("microsoft.network/virtualnetworks/join/") {
        PARTNER_MANAGERS_ROLE
    } else if has("microsoft.network/networkmanager") {
        if ours || !reads { HOME_MANAGERS_ROLE } else { PARTNER_MANAGERS_ROLE }
    } else if has("microsoft.network/virtualnetworks/virtualnetworkpeerings/") || ours {
        HOME_ROLE
    } else {
        PARTNER_ROLE
    }
}

/// Whose the resource with this id is: by its subscription, or by the management group it lies under.
fn whose(id: &str, agreements: &Agreements) -> Option<Whose> {
    let segments: Vec<&str> = id.trim_matches('/').split('/').collect();
    let scope = match segments.as_slice() {
        [first, ..] if first.eq_ignore_ascii_case("subscriptions") => segments.get(..2)?.join("/"),
        _ => segments.get(..4)?.join("/"),
    };
    agreements.whose_scope(&scope.parse::<Scope>().ok()?)
}
