//! What grants a missing right, as a command.

use crate::handshake::agreements::{Agreements, Whose};
use crate::handshake::quote::quote;
use crate::handshake::read::Denial;
use crate::handshake::reason::{Code, Reason};
use crate::handshake::resource_id::ResourceId;

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
    let whose = scope.parse::<ResourceId>().ok().and_then(|id| agreements.whose_resource(&id));
    let role = role_with(action, whose);
    let message = format!("our application {principal} lacks {action} on {scope} ({code})");
    let fix = format!(
        "az role assignment create --assignee-object-id {} --assignee-principal-type ServicePrincipal --role {} --scope {}",
        quote(principal),
        quote(role),
        quote(scope)
    );
    Reason::new(Code::AccessMissing, message).fixed_by(fix)
}

/// What mends a refused sign-in, by Entra's numbers (Microsoft identity platform, error codes): a secret that is wrong,
/// missing or expired, a tenant that does not exist, and else an application that the tenant does not know.
fn sign_in_fix(principal: &str, code: &str) -> String {
    let application = quote(principal);
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
