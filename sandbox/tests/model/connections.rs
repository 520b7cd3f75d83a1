//! The two halves of a network manager's connection.

use std::time::Duration;

use peerpact_sandbox::Tenant;
use serde_json::json;

use crate::stage::*;
use crate::support::*;

const CONTOSO: Tenant = Tenant::Contoso;
const FABRIKAM: Tenant = Tenant::Fabrikam;

#[tokio::test(start_paused = true)]
async fn either_half_may_be_first_and_both_connect_by_themselves_within_three_seconds() {
    for scope in [subscription(FABRIKAM), management_group(FABRIKAM)] {
        for central_first in [true, false] {
            let stage = stage().await;
            let (ours, theirs) = (scope_connection(&stage.manager, "ours"), connection(&scope, "theirs"));
            let write_ours = async || stage.contoso.put(&ours, &to_scope(FABRIKAM, &scope)).await;
            let write_theirs = async || stage.fabrikam.put(&theirs, &to_manager(&stage.manager)).await;
            let first = if central_first { write_ours().await } else { write_theirs().await };
            assert_eq!(connection_state(&first.expect(200).body), "Pending");
            tokio::time::sleep(Duration::from_secs(30)).await;
            let second = if central_first { write_theirs().await } else { write_ours().await };
            let second = second.expect(200);
            assert_eq!(connection_state(&second.body), "Pending", "a creation never answers Connected");
            for header in ["azure-asyncoperation", "location", "retry-after"] {
                assert_eq!(second.header(header), None, "{header}");
            }
            tokio::time::sleep(Duration::from_millis(999)).await;
            assert_eq!(stage.states(&ours, &theirs).await, ["Pending", "Pending"], "not at once");
            assert_eq!(stage.abroad().await, json!([]));
            assert_eq!(stage.states_later(&ours, &theirs).await, ["Connected", "Connected"]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_manager_lists_what_is_connected_under_its_tenant_and_nobody_else_can_write_that() {
    let stage = stage().await;
    stage.connect(&subscription(FABRIKAM)).await;
    let group = management_group(FABRIKAM);
    let second = scope_connection(&stage.manager, "second");
    stage.contoso.put(&second, &to_scope(FABRIKAM, &group)).await.expect(200);
    stage.theirs(&group).await;
    tokio::time::sleep(FLIP).await;
    let listed = json!([{
        "tenantId": FABRIKAM.tenant_id(), "managementGroups": [group], "subscriptions": [subscription(FABRIKAM)],
    }]);
    assert_eq!(stage.abroad().await, listed);

    let mut body = manager_body(&[], &["Connectivity"]);
    body["properties"]["networkManagerScopes"]["crossTenantScopes"] = json!([]);
    stage.contoso.put(&stage.manager, &body).await.expect(200);
    assert_eq!(stage.abroad().await, listed, "read-only");

    stage.fabrikam.delete(&connection(&group, "theirs")).await.expect(200);
    assert_eq!(stage.abroad().await[0]["managementGroups"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn a_half_without_a_counterpart_stays_pending() {
    let stage = stage().await;
    let ours = stage.ours(&subscription(FABRIKAM)).await;
    tokio::time::sleep(Duration::from_secs(600)).await;
    // The other half is for another scope, or for another manager.
    stage.theirs(&management_group(FABRIKAM)).await;
    let elsewhere = connection(&subscription(FABRIKAM), "elsewhere");
    stage.fabrikam.put(&elsewhere, &to_manager(&manager(CONTOSO, "other"))).await.expect(200);
    assert_eq!(later(&stage.contoso, &ours).await, "Pending");
}

#[tokio::test(start_paused = true)]
async fn the_tenant_has_to_be_the_scopes_own() {
    let stage = stage().await;
    let scope = subscription(FABRIKAM);
    let theirs = stage.theirs(&scope).await;
    let ours = scope_connection(&stage.manager, "ours");
    stage.contoso.put(&ours, &to_scope(CONTOSO, &scope)).await.expect(200);
    assert_eq!(later(&stage.contoso, &ours).await, "Pending");
    assert_eq!(state_of(&stage.fabrikam, &theirs).await, "Pending");
    stage.contoso.put(&ours, &to_scope(FABRIKAM, &scope)).await.expect(200);
    assert_eq!(later(&stage.contoso, &ours).await, "Connected", "once it is written with the right one");
}

#[tokio::test(start_paused = true)]
async fn neither_casing_nor_a_slash_at_the_end_keeps_halves_apart() {
    let stage = stage().await;
    let shout = |text: &str| text.to_uppercase().replace("/SUBSCRIPTIONS", "/subscriptions");
    let scope = shout(&format!("{}/", subscription(FABRIKAM)));
    let ours = scope_connection(&stage.manager, "Ours");
    let body = json!({"properties": {"tenantId": FABRIKAM.tenant_id().to_uppercase(), "resourceId": scope}});
    let written = stage.contoso.put(&ours, &body).await.expect(200);
    assert_eq!(written.body["properties"]["resourceId"], scope, "as it was written");
    let theirs = connection(&subscription(FABRIKAM), "theirs");
    stage.fabrikam.put(&theirs, &to_manager(&stage.manager.to_uppercase())).await.expect(200);
    tokio::time::sleep(FLIP).await;
    assert_eq!(stage.states(&ours.to_lowercase(), &theirs).await, ["Connected", "Connected"]);
    assert_eq!(
        stage.abroad().await[0]["subscriptions"],
        json!([subscription(FABRIKAM)]),
        "in Azure's casing"
    );
}

#[tokio::test(start_paused = true)]
async fn writing_a_connected_half_again_answers_connected_and_ignores_the_state_in_the_body() {
    let stage = stage().await;
    let (ours, theirs) = stage.connect(&subscription(FABRIKAM)).await;
    let (before_ours, before_theirs) =
        (stage.contoso.get(&ours).await.body, stage.fabrikam.get(&theirs).await.body);
    tokio::time::sleep(Duration::from_secs(60)).await;
    for (client, id, before) in
        [(&stage.contoso, &ours, &before_ours), (&stage.fabrikam, &theirs, &before_theirs)]
    {
        let mut body = before.clone();
        body["properties"]["connectionState"] = "Pending".into();
        body["properties"]["description"] = "written again".into();
        let after = client.put(id, &body).await.expect(200).body;
        assert_eq!(connection_state(&after), "Connected");
        assert_eq!(after["properties"]["description"], "written again");
        assert_ne!(after["systemData"]["lastModifiedAt"], before["systemData"]["lastModifiedAt"]);
        let kept = after["systemData"]["createdAt"] == before["systemData"]["createdAt"];
        assert_eq!(
            kept,
            id == &theirs,
            "a scope connection says that it was created when it was last written"
        );
    }
    let claimed = scope_connection(&stage.manager, "claimed");
    let mut body = to_scope(FABRIKAM, &management_group(FABRIKAM));
    body["properties"]["connectionState"] = "Connected".into();
    let claimed = stage.contoso.put(&claimed, &body).await.expect(200);
    assert_eq!(connection_state(&claimed.body), "Pending");
}

#[tokio::test(start_paused = true)]
async fn the_half_that_is_left_is_revoked_a_moment_later_and_writing_does_not_heal_it() {
    let stage = stage().await;
    let scope = subscription(FABRIKAM);
    let (ours, theirs) = stage.connect(&scope).await;
    stage.fabrikam.delete(&theirs).await.expect(200);
    assert_eq!(state_of(&stage.contoso, &ours).await, "Connected", "not at once");
    assert_eq!(stage.abroad().await, json!([]), "but nothing is managed any more");
    assert_eq!(later(&stage.contoso, &ours).await, "Revoked");

    stage.contoso.put(&ours, &to_scope(FABRIKAM, &scope)).await.expect(200);
    stage.theirs(&scope).await;
    assert_eq!(
        stage.states_later(&ours, &theirs).await,
        ["Revoked", "Pending"],
        "a revoked half is no consent"
    );
    stage.contoso.delete(&ours).await.expect(200);
    stage.ours(&scope).await;
    assert_eq!(
        stage.states_later(&ours, &theirs).await,
        ["Connected", "Connected"],
        "deleted and made again it is"
    );

    stage.contoso.delete(&ours).await.expect(200);
    assert_eq!(later(&stage.fabrikam, &theirs).await, "Revoked");
}

#[tokio::test(start_paused = true)]
async fn a_half_that_never_connected_is_not_revoked_by_the_others_removal() {
    let stage = stage().await;
    let ours = stage.ours(&subscription(FABRIKAM)).await;
    let theirs = stage.theirs(&subscription(FABRIKAM)).await;
    stage.fabrikam.delete(&theirs).await.expect(200);
    assert_eq!(later(&stage.contoso, &ours).await, "Pending");
}

#[tokio::test(start_paused = true)]
async fn a_scope_that_another_manager_has_with_the_same_access_is_in_conflict_until_made_again() {
    let stage = stage().await;
    let scope = subscription(FABRIKAM);
    let local = manager(FABRIKAM, "local");
    stage.fabrikam.put(&local, &manager_body(&[&scope], &["Routing", "Connectivity"])).await.expect(200);
    let ours = stage.ours(&scope).await;
    let theirs = stage.theirs(&scope).await;
    assert_eq!(stage.states_later(&ours, &theirs).await, ["Conflict", "Conflict"]);

    stage.fabrikam.put(&local, &manager_body(&[&scope], &["Routing"])).await.expect(200);
    assert_eq!(stage.states_later(&ours, &theirs).await, ["Conflict", "Conflict"], "it does not heal");
    stage.contoso.delete(&ours).await.expect(200);
    stage.fabrikam.delete(&theirs).await.expect(200);
    stage.connect(&scope).await;
}

#[tokio::test(start_paused = true)]
async fn a_scope_is_connected_to_one_manager_for_each_access() {
    let stage = stage().await;
    let scope = subscription(FABRIKAM);
    stage.connect(&scope).await;
    for (name, access, state) in
        [("second", "Connectivity", "Conflict"), ("third", "SecurityAdmin", "Connected")]
    {
        let other = manager(CONTOSO, name);
        stage.contoso.put(&other, &manager_body(&[], &[access])).await.expect(200);
        let ours = scope_connection(&other, "ours");
        stage.contoso.put(&ours, &to_scope(FABRIKAM, &scope)).await.expect(200);
        let theirs = connection(&scope, name);
        stage.fabrikam.put(&theirs, &to_manager(&other)).await.expect(200);
        assert_eq!(stage.states_later(&ours, &theirs).await, [state, state], "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn two_scope_connections_for_one_scope_share_the_one_consent() {
    let stage = stage().await;
    let scope = subscription(FABRIKAM);
    let (ours, theirs) = stage.connect(&scope).await;
    let twin = scope_connection(&stage.manager, "twin");
    stage.contoso.put(&twin, &to_scope(FABRIKAM, &scope)).await.expect(200);
    assert_eq!(later(&stage.contoso, &twin).await, "Connected");
    assert_eq!(stage.abroad().await[0]["subscriptions"], json!([scope]), "listed once");
    stage.contoso.delete(&ours).await.expect(200);
    assert_eq!(later(&stage.fabrikam, &theirs).await, "Connected", "the twin is left");
}

#[tokio::test(start_paused = true)]
async fn a_subscription_in_the_managers_own_scope_connects_without_a_counterpart_and_a_management_group_does_not()
 {
    let stage = stage().await;
    let (home, group) = (subscription(CONTOSO), management_group(CONTOSO));
    let own = manager(CONTOSO, "own");
    stage.contoso.put(&own, &manager_body(&[&home, &group], &["SecurityAdmin"])).await.expect(200);
    for (scope, state) in [(&home, "Connected"), (&group, "Pending")] {
        let halves = [scope_connection(&own, "c"), connection(scope, "c")];
        let bodies = [to_scope(CONTOSO, scope), to_manager(&own)];
        for (id, body) in halves.iter().zip(&bodies) {
            stage.contoso.put(id, body).await.expect(200);
            assert_eq!(later(&stage.contoso, id).await, state, "{id}");
            stage.contoso.delete(id).await.expect(200);
        }
    }
    for scope in [&home, &group] {
        stage.contoso.put(&scope_connection(&own, "c"), &to_scope(CONTOSO, scope)).await.expect(200);
        stage.contoso.put(&connection(scope, "c"), &to_manager(&own)).await.expect(200);
        assert_eq!(
            later(&stage.contoso, &connection(scope, "c")).await,
            "Connected",
            "with both halves it does"
        );
        let manager = stage.contoso.get(&own).await.body;
        assert_eq!(manager["properties"]["networkManagerScopes"]["crossTenantScopes"], json!([]));
        stage.contoso.delete(&scope_connection(&own, "c")).await.expect(200);
    }
}

#[tokio::test(start_paused = true)]
async fn a_half_that_is_turned_to_something_else_waits_again_and_leaves_its_counterpart_alone() {
    let stage = stage().await;
    let (ours, theirs) = stage.connect(&subscription(FABRIKAM)).await;
    let other = manager(CONTOSO, "other");
    let turned = stage.fabrikam.put(&theirs, &to_manager(&other)).await.expect(200);
    assert_eq!(connection_state(&turned.body), "Pending");
    assert_eq!(later(&stage.contoso, &ours).await, "Revoked");
    stage.contoso.put(&ours, &to_scope(FABRIKAM, &management_group(FABRIKAM))).await.expect(200);
    let above = stage.theirs(&management_group(FABRIKAM)).await;
    assert_eq!(
        stage.states_later(&ours, &above).await,
        ["Connected", "Connected"],
        "for the new scope it is a new half"
    );
}

#[tokio::test(start_paused = true)]
async fn a_half_that_azure_rejects_is_rejected_for_good_and_takes_the_other_along() {
    let stage = stage().await;
    let scope = subscription(FABRIKAM);
    let (ours, theirs) = stage.connect(&scope).await;
    assert!(stage.azure.reject(&ours.to_uppercase()));
    assert_eq!(state_of(&stage.contoso, &ours).await, "Rejected");
    assert_eq!(stage.abroad().await, json!([]));
    assert_eq!(later(&stage.fabrikam, &theirs).await, "Revoked");
    stage.contoso.put(&ours, &to_scope(FABRIKAM, &scope)).await.expect(200);
    assert_eq!(later(&stage.contoso, &ours).await, "Rejected");
    assert!(!stage.azure.reject(&stage.manager), "a manager is no half");
}

#[tokio::test(start_paused = true)]
async fn a_half_that_names_nothing_sensible_is_refused() {
    let stage = stage().await;
    let ours = scope_connection(&stage.manager, "ours");
    let scope = subscription(FABRIKAM);
    for (property, value) in
        [("tenantId", json!("fabrikam")), ("resourceId", json!(group(FABRIKAM))), ("tenantId", json!(null))]
    {
        let mut body = to_scope(FABRIKAM, &scope);
        body["properties"][property] = value;
        let refused = stage.contoso.put(&ours, &body).await.refused(400, "BadRequest");
        assert!(refused.message().contains(property), "{}", refused.message());
    }
    let theirs = connection(&scope, "theirs");
    for value in [
        json!(null),
        json!(scope),
        json!(network(CONTOSO, "hub")),
        json!("/subscriptions/s/providers/Microsoft.Network/networkManagers/m"),
    ] {
        let body = json!({"properties": {"networkManagerId": value}});
        stage.fabrikam.put(&theirs, &body).await.refused(400, "BadRequest");
    }
    stage.fabrikam.put(&connection(&group(FABRIKAM), "x"), &to_manager(&stage.manager)).await.expect(400);
    stage
        .fabrikam
        .put(&connection(&scope, "-x"), &to_manager(&stage.manager))
        .await
        .refused(400, "InvalidResourceName");
    let absent = stage.contoso.get(&ours).await.refused(404, "NotFound");
    assert_eq!(absent.message(), format!("Resource [{ours}] does not exist or has been deleted"));
    let error: Vec<&String> = absent.body["error"].as_object().unwrap().keys().collect();
    assert_eq!(error, ["message", "code"], "the message comes first, and there are no details");
    assert_eq!(stage.contoso.delete(&ours).await.status, 204);
}
