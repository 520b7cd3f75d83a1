//! The main path: two networks in two tenants are peered, and what is told of it.

use peerpact_sandbox::Tenant;

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn the_first_half_waits_and_the_second_connects_both() {
    let pair = pair().await;

    let started = pair.contoso.put(&half(&pair.hub, "to-spoke"), &half_body(&pair.spoke)).await.expect(201);
    assert_eq!(state(&started.body), ("Initiated", "RemoteNotInSync"));
    assert_eq!(started.body["properties"]["provisioningState"], "Updating");
    pair.contoso.finish(&started).await;
    assert_eq!(state(&pair.hubs_half().await), ("Initiated", "RemoteNotInSync"));

    let answered = pair.fabrikam.put(&half(&pair.spoke, "to-hub"), &half_body(&pair.hub)).await.expect(201);
    assert_eq!(state(&answered.body), ("Connected", "FullyInSync"), "the answer says so already");
    assert_eq!(
        state(&pair.hubs_half().await),
        ("Initiated", "RemoteNotInSync"),
        "the other half flips at the end only"
    );
    pair.fabrikam.finish(&answered).await;

    assert_eq!(state(&pair.hubs_half().await), ("Connected", "FullyInSync"));
    assert_eq!(state(&pair.spokes_half().await), ("Connected", "FullyInSync"));
    assert_eq!(
        pair.hubs_half().await["properties"]["resourceGuid"],
        pair.spokes_half().await["properties"]["resourceGuid"]
    );
}

#[tokio::test(start_paused = true)]
async fn both_tenants_apps_are_told_of_a_write_when_its_operation_has_ended() {
    let pair = pair().await;
    while !next_events(&pair.azure).await.is_empty() {
        // What making the networks told.
        for delivery in pair.azure.due_events() {
            pair.azure.delivered(delivery.id);
        }
        if pair
            .azure
            .next_event_at()
            .is_none_or(|at| at > pair.azure.clock().now() + time::Duration::seconds(5))
        {
            break;
        }
    }

    let id = half(&pair.hub, "to-spoke");
    let started = pair.contoso.put(&id, &half_body(&pair.spoke)).await.expect(201);
    let about = |deliveries: &[peerpact_sandbox::Delivery]| {
        deliveries
            .iter()
            .filter(|delivery| delivery.event["subject"] == id.as_str())
            .map(|delivery| delivery.to)
            .collect::<Vec<_>>()
    };
    assert!(about(&pair.azure.due_events()).is_empty(), "the operation is still under way");
    pair.contoso.finish(&started).await;
    let mut told = about(&pair.azure.due_events());
    told.sort_unstable();
    assert_eq!(told, [Tenant::Contoso, Tenant::Fabrikam]);
}

#[tokio::test(start_paused = true)]
async fn every_call_is_in_the_history() {
    let azure = default_azure();
    let operator = operator(&azure, Tenant::Contoso).await;
    operator.group(Tenant::Contoso).await;
    let calls = azure.calls_since(0);
    assert_eq!(calls.iter().map(|call| call.sequence).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(calls[0].method, "POST");
    assert_eq!(
        calls[0].principal.as_deref(),
        Some(azure.world().operator(Tenant::Contoso).client_id.as_str())
    );
    assert_eq!(calls[1].status, 201);
    assert_eq!(calls[1].tenant.as_deref(), Some(Tenant::Contoso.tenant_id()));
    assert_eq!(calls[1].query, VERSION);
    assert_eq!(azure.calls_since(1).len(), 1);
}
