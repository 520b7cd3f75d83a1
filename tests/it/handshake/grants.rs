//! Missing rights: who lacks what where, and the command that mends it.

use peerpact::handshake::read::Denial;
use peerpact::handshake::reason::{Code, Reason};
use peerpact::kinds::grants::access_missing;
use peerpact_fixtures::{agreements, id};

const OBJECT: &str = "0b1f6471-1bf0-4dda-aec3-cb9272f09590";

fn denied(action: &str, scope: &str, code: &str) -> Reason {
    let denial = Denial {
        principal: OBJECT.to_owned(),
        action: action.to_owned(),
        scope: scope.to_owned(),
        code: code.to_owned(),
    };
    let reason = access_missing(&denial, &agreements(""));
    assert_eq!(reason.code, Code::AccessMissing);
    reason
}

fn fix(scope: &str) -> String {
    denied("Microsoft.Network/virtualNetworks/read", scope, "AuthorizationFailed").fix.unwrap()
}

#[test]
fn on_our_own_network_the_fix_grants_the_home_role() {
    let scope = id("ours").to_string();
    let reason = denied("Microsoft.Network/virtualNetworks/read", &scope, "AuthorizationFailed");
    assert_eq!(
        reason.message,
        format!(
            "our application {OBJECT} lacks Microsoft.Network/virtualNetworks/read on {scope} (AuthorizationFailed)"
        )
    );
    assert_eq!(
        reason.fix.unwrap(),
        format!(
            "az role assignment create --assignee-object-id {OBJECT} --assignee-principal-type ServicePrincipal \
             --role 'peerpact home networks' --scope {scope}"
        )
    );
}

#[test]
fn on_the_partners_network_the_fix_grants_the_partner_role() {
    let scope = id("theirs").to_string();
    let reason = denied("Microsoft.Network/virtualNetworks/peer/action", &scope, "LinkedAuthorizationFailed");
    assert!(
        reason.message.contains("lacks Microsoft.Network/virtualNetworks/peer/action on"),
        "{}",
        reason.message
    );
    let fix = reason.fix.unwrap();
    assert!(fix.ends_with(&format!("--role 'peerpact partner networks' --scope {scope}")), "{fix}");
}

#[test]
fn a_scope_is_read_without_regard_to_case_and_whatever_it_is_it_does_not_get_the_wider_role_by_mistake() {
    let shouted = id("ours").to_string().to_uppercase();
    assert!(fix(&shouted).contains("'peerpact home networks'"));
    let peering = format!("{}/virtualNetworkPeerings/p", id("ours"));
    assert!(fix(&peering).contains("'peerpact home networks'"));
    for scope in [
        "",
        "/",
        "/subscriptions/",
        "/providers/Microsoft.Management/managementGroups/g",
        "/subscriptions/11111111-2222-3333-4444-555555555555",
    ] {
        assert!(fix(scope).contains("'peerpact partner networks'"), "{scope}");
    }
}

#[test]
fn a_scope_that_a_shell_would_take_apart_is_quoted() {
    let scope = id("ours").to_string().replace("/rg/", "/rg(1)/");
    assert!(fix(&scope).ends_with(&format!("--scope '{scope}'")), "{}", fix(&scope));
    assert!(fix("/x'; reboot; '").ends_with(r"--scope '/x'\''; reboot; '\'''"));
}

#[test]
fn an_application_that_the_tenant_does_not_know_needs_a_service_principal_there() {
    let scope = id("theirs").to_string();
    for code in ["AADSTS700016", "AADSTS7000229", "AADSTS1"] {
        let reason = denied("Microsoft.Network/virtualNetworks/read", &scope, code);
        assert_eq!(
            reason.message,
            format!("our application {OBJECT} cannot sign in to the tenant of {scope} ({code})")
        );
        assert_eq!(
            reason.fix.unwrap(),
            format!(
                "az ad sp create --id {OBJECT}   # in that tenant; then grant it `peerpact partner networks` there"
            )
        );
    }
}

#[test]
fn a_secret_that_is_refused_needs_another_secret_and_no_service_principal() {
    for code in ["AADSTS7000215", "AADSTS7000222"] {
        let fix = denied("x", &id("ours").to_string(), code).fix.unwrap();
        assert!(
            fix.starts_with("az ad app credential reset") && fix.contains("AZURE_CLIENT_SECRET"),
            "{code}: {fix}"
        );
    }
    let fix = denied("x", &id("theirs").to_string(), "AADSTS90002").fix.unwrap();
    assert!(fix.contains("`tenant` in the agreement"), "{fix}");
}
