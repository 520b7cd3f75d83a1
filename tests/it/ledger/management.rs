//! Management handshakes in the ledger, and as they are shown to programs.

use peerpact::handshake::ids::TenantId;
use peerpact::handshake::phase::Phase;
use peerpact::handshake::reason::{Code, Reason};
use peerpact::handshake::record::Record;
use peerpact::handshake::resource_id::ResourceId;
use peerpact::kinds::network_manager::ConnectionState;
use peerpact::kinds::network_manager::{ManagementEnds, Seat};
use peerpact::ledger::Ledger;
use peerpact::public;
use peerpact_fixtures::{CONTOSO, FABRIKAM, FABRIKAM_SUBSCRIPTION, now};
use serde_json::{Value, json};

use super::support::*;

const MANAGER: &str = "/subscriptions/6a5f35e9-6951-499d-a36b-83c6c6eed44a/resourceGroups/rg/providers/Microsoft.Network/networkManagers/m";
const GROUP: &str = "/providers/Microsoft.Management/managementGroups/fabrikam-root";

fn subscription() -> String {
    format!("/subscriptions/{FABRIKAM_SUBSCRIPTION}")
}

fn scope_connection() -> String {
    format!("{MANAGER}/scopeConnections/to-fabrikam")
}

fn connection(scope: &str) -> String {
    format!("{scope}/providers/Microsoft.Network/networkManagerConnections/to-contoso")
}

/// Contoso's manager has taken this scope of fabrikam's; the record is fabrikam's.
fn connected(scope: &str) -> Record {
    let home: TenantId = FABRIKAM.parse().unwrap();
    let partner = CONTOSO.parse().unwrap();
    let ends = ManagementEnds::new(&MANAGER.parse().unwrap(), &scope.parse().unwrap(), partner, Seat::Target);
    let mut record = Record::new(&ends.pair(), home, now());
    record.ours.half = Some(connection(scope).parse().unwrap());
    record.ours.state = Some(ConnectionState::Connected.to_string());
    record.theirs.half = Some(scope_connection().parse().unwrap());
    record.agreement = Some("contoso/central".to_owned());
    record.settle(Phase::Connected, vec![Reason::new(Code::Connected, "it is")], now()).unwrap();
    record
}

#[tokio::test]
async fn halves_managers_and_scopes_are_found_in_any_case_and_with_a_trailing_slash() {
    let place = Place::new();
    let ledger = place.ledger();
    let (one, two) = (connected(&subscription()), connected(GROUP));
    kept(&ledger, &one).await;
    kept(&ledger, &two).await;
    let halves = async |text: String| ledger.of_half(&text.parse::<ResourceId>().unwrap()).await.unwrap();
    let resources =
        async |text: &str| ledger.of_resource(&text.parse::<ResourceId>().unwrap()).await.unwrap();
    for (record, scope) in [(&one, subscription()), (&two, GROUP.to_owned())] {
        for text in [connection(&scope), connection(&scope).to_uppercase() + "/"] {
            let found = halves(text).await;
            assert_eq!(found.iter().map(|found| &found.record).collect::<Vec<_>>(), [record]);
        }
        assert_eq!(resources(&(scope.to_uppercase() + "/")).await[0].record, *record);
    }
    assert_eq!(halves(scope_connection().to_uppercase()).await.len(), 2);
    assert_eq!(resources(&MANAGER.to_lowercase()).await.len(), 2);
    assert!(resources(&format!("{MANAGER}2")).await.is_empty());
    assert!(halves(connection(&subscription()) + "2").await.is_empty());
}

#[tokio::test]
async fn a_management_handshake_has_the_public_shape_of_every_handshake() {
    let place = Place::new();
    let ledger = place.ledger();
    let record = connected(GROUP);
    kept(&ledger, &record).await;
    let shown = public::one(&ledger, &record.id).await.unwrap().unwrap();
    assert_eq!(
        serde_json::to_value(shown).unwrap(),
        json!({
            "id": record.id, "kind": "management", "phase": "connected",
            "reason": { "code": "connected", "message": "it is", "fix": Value::Null },
            "reasons": [{ "code": "connected", "message": "it is", "fix": Value::Null }],
            "ours": {
                "tenantId": FABRIKAM, "resourceId": GROUP, "half": connection(GROUP), "state": "Connected",
                "syncLevel": Value::Null,
            },
            "theirs": {
                "tenantId": CONTOSO, "resourceId": MANAGER, "half": scope_connection(), "state": Value::Null,
                "syncLevel": Value::Null,
            },
            "agreement": "contoso/central", "openedAt": "2026-03-01T12:00:00Z",
            "updatedAt": "2026-03-01T12:00:00Z", "connectedAt": "2026-03-01T12:00:00Z", "checkedAt": null,
            "history": [{
                "at": "2026-03-01T12:00:00Z", "what": "was opened", "cause": { "kind": "event", "id": "e-1" },
            }],
        })
    );
}
