use peerpact::arm::{Class, WriteError};
use peerpact::handshake::read::{Denial, Read};
use serde_json::json;

use super::script::*;

const READ: &str = "Microsoft.Network/virtualNetworks/read";
const WRITE: &str = "Microsoft.Network/virtualNetworks/virtualNetworkPeerings/write";
const PEER: &str = "Microsoft.Network/virtualNetworks/peer/action";

fn denial(principal: &str, action: &str, scope: &str, code: &str) -> Denial {
    let [principal, action, scope, code] = [principal, action, scope, code].map(str::to_owned);
    Denial { principal, action, scope, code }
}

async fn denied_read(status: u16, code: &str, message: &str) -> Denial {
    let stage = Stage::new();
    let error = json!({"error": {"message": message, "code": code}});
    stage.expect_token(CONTOSO, "t").expect(get(A), answer(status, &error));
    let sight = stage.arm.read_network(tenant(CONTOSO), &network(A), stage.until(20)).await.unwrap();
    stage.played();
    let Read::Denied(denial) = sight else { panic!("{sight:?}") };
    denial
}

/// The denial of a write for which both tenants gave tokens that say whose they are.
async fn denied_write(code: &str, message: &str) -> Denial {
    let stage = Stage::new();
    stage.expect_token(CONTOSO, &token_of("oid-contoso")).expect_token(FABRIKAM, &token_of("oid-fabrikam"));
    denied_write_on(&stage, code, message).await
}

async fn denied_write_on(stage: &Stage, code: &str, message: &str) -> Denial {
    stage.expect(put(), answer(403, &json!({"error": {"code": code, "message": message}})));
    let error = stage.arm.put_peering(&write(), stage.until(20)).await.unwrap_err();
    stage.played();
    assert!(matches!(error, WriteError::Rejected(_)), "{error}");
    let Class::Denied(denial) = error.error().class() else { panic!("{error}") };
    denial
}

#[tokio::test(start_paused = true)]
async fn a_missing_grant_is_told_as_azure_tells_it() {
    let scope = A.to_uppercase();
    let message = format!(
        "The client 'app-id' with object id 'object-id' does not have authorization to perform action 'Microsoft.Network/virtualNetworks/READ' over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh your credentials."
    );
    let expected =
        denial("object-id", "Microsoft.Network/virtualNetworks/READ", &scope, "AuthorizationFailed");
    assert_eq!(denied_read(403, "AuthorizationFailed", &message).await, expected);
}

#[tokio::test(start_paused = true)]
async fn what_a_refusal_does_not_tell_is_taken_from_what_was_asked() {
    for message in ["", "No.", "object id '", "perform action 'unfinished", "over scope ''"] {
        let expected = denial(CLIENT_ID, READ, A, "AuthorizationFailed");
        assert_eq!(denied_read(403, "AuthorizationFailed", message).await, expected, "{message}");
    }
}

/// What Azure says of a missing grant on a linked network; it names the object id at home.
fn linked(missing: &str) -> String {
    format!(
        "The client 'app-id' with object id 'oid-contoso' has permission to perform action '{WRITE}' on scope '{A}/virtualNetworkPeerings/to-b'; however, it does not have permission to {missing} on the linked scope(s) '{B}' (respectively) or the linked scope(s) are invalid."
    )
}

#[tokio::test(start_paused = true)]
async fn a_missing_grant_on_the_remote_network_names_that_network_and_who_we_are_there() {
    let expected = denial("oid-fabrikam", PEER, B, "LinkedAuthorizationFailed");
    for missing in [format!("perform action(s) '{PEER}'"), format!("perform action '{PEER}'")] {
        assert_eq!(denied_write("LinkedAuthorizationFailed", &linked(&missing)).await, expected, "{missing}");
    }
}

#[tokio::test(start_paused = true)]
async fn where_the_partners_token_does_not_say_whose_it_is_our_client_id_stands_in() {
    let stage = Stage::new();
    stage.expect_token(CONTOSO, &token_of("oid-contoso")).expect_token(FABRIKAM, "opaque");
    let told =
        denied_write_on(&stage, "LinkedAuthorizationFailed", &linked(&format!("perform action(s) '{PEER}'")))
            .await;
    assert_eq!(told, denial(CLIENT_ID, PEER, B, "LinkedAuthorizationFailed"));
}

#[tokio::test(start_paused = true)]
async fn a_tenant_that_may_not_reach_the_remote_network_names_it_too() {
    let wanted = "Microsoft.Network/virtualNetworks/write";
    let message = format!(
        "The client has permission to perform action '{wanted}' on scope '{A}/virtualNetworkPeerings/to-b', however the current tenant '{CONTOSO}' is not authorized to access linked subscription 'dec492d3-4f4e-493b-aa47-7bdf2f96a6fc'."
    );
    let expected = denial("oid-fabrikam", wanted, B, "LinkedAuthorizationFailed");
    assert_eq!(denied_write("LinkedAuthorizationFailed", &message).await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_linked_refusal_that_names_nothing_is_about_what_azure_checks_there() {
    for message in ["", "No.", "however", "perform action 'unfinished, however linked subscription"] {
        let expected = denial("oid-fabrikam", PEER, B, "LinkedAuthorizationFailed");
        assert_eq!(denied_write("LinkedAuthorizationFailed", message).await, expected, "{message}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_denied_on_our_own_side_names_the_peering() {
    let peering = format!("{A}/virtualNetworkPeerings/to-b");
    let expected = denial(CLIENT_ID, WRITE, &peering, "AuthorizationFailed");
    assert_eq!(denied_write("AuthorizationFailed", "no").await, expected);
}

#[tokio::test(start_paused = true)]
async fn azures_words_are_bounded_and_stay_on_one_line() {
    let stage = Stage::new();
    let error = json!({"error": {"code": "X".repeat(5000), "message": format!("a\u{1b}[31m\nb{}", "ü".repeat(5000))}});
    stage.expect_token(CONTOSO, "t").expect(get(A), answer(400, &error));
    let error = stage.arm.network(tenant(CONTOSO), &network(A), stage.until(20)).await.unwrap_err();
    stage.played();
    let Class::Refused(failure) = error.class() else { panic!("{error}") };
    assert_eq!(failure.code.chars().count(), 101);
    assert_eq!(failure.message.chars().count(), 1001);
    assert!(failure.message.starts_with("a [31m b"), "{}", failure.message);
}
