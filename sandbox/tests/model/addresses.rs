//! Addresses, versions and bodies that are refused, and the shapes of what is not found.

use bytes::Bytes;
use http::{Method, Request};
use peerpact_sandbox::Tenant;
use serde_json::json;

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_told_in_azures_shapes() {
    let pair = pair().await;
    let gone = pair.contoso.get(&network(Tenant::Contoso, "none")).await.refused(404, "ResourceNotFound");
    assert_eq!(gone.header("x-ms-failure-cause"), Some("gateway"));
    assert_eq!(
        gone.body,
        json!({"error": {"code": "ResourceNotFound", "message": "The Resource 'Microsoft.Network/virtualNetworks/none' under resource group 'rg' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix"}})
    );
    let id = half(&pair.hub, "none");
    let gone = pair.contoso.get(&id).await.refused(404, "NotFound");
    assert_eq!(gone.header("x-ms-failure-cause"), None);
    assert!(gone.header("x-ms-arm-service-request-id").is_some());
    assert_eq!(
        gone.body,
        json!({"error": {"code": "NotFound", "message": format!("Resource {id} not found."), "details": []}})
    );
    pair.contoso.get(&half(&network(Tenant::Contoso, "none"), "p")).await.refused(404, "ResourceNotFound");
    pair.contoso
        .get(&group(Tenant::Contoso).replace("/rg", "/none"))
        .await
        .refused(404, "ResourceGroupNotFound");
    let elsewhere = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg";
    pair.contoso.get(elsewhere).await.refused(404, "SubscriptionNotFound");
    let unknown = format!("{}/providers/Microsoft.Compute/virtualMachines/vm", group(Tenant::Contoso));
    pair.contoso.get(&unknown).await.refused(404, "InvalidResourceType");
}

#[tokio::test(start_paused = true)]
async fn every_version_from_2018_on_is_taken_and_a_missing_one_refused() {
    let pair = pair().await;
    let with = async |query: &str| {
        let client = Client { version: query.to_owned(), ..pair.contoso.clone() };
        client.get(&pair.hub).await
    };
    for version in ["2018-01-01", "2026-03-01", "2022-04-01-preview"] {
        with(&format!("api-version={version}")).await.expect(200);
    }
    for version in ["2017-12-31", "latest", "20240501xx", "2024-05-0x"] {
        with(&format!("api-version={version}")).await.refused(400, "InvalidApiVersionParameter");
    }
    with("x=1").await.refused(400, "MissingApiVersionParameter");
}

#[tokio::test(start_paused = true)]
async fn bodies_are_bounded_in_size_and_depth_and_have_to_be_json() {
    let pair = pair().await;
    let put = async |body: Bytes| {
        let mut request = pair.contoso.request(Method::PUT, &pair.hub, None);
        *request.body_mut() = body;
        send(&pair.azure, request).await.unwrap()
    };
    put(Bytes::from(vec![b' '; (4 << 20) + 1])).await.refused(413, "RequestEntityTooLarge");
    put(Bytes::from_static(b"{")).await.refused(400, "InvalidRequestContent");
    let deep = |levels: usize| Bytes::from(format!("{}1{}", "[".repeat(levels), "]".repeat(levels)));
    put(deep(65)).await.refused(400, "InvalidRequestContent");
    put(deep(100_000)).await.refused(400, "InvalidRequestContent");
}

#[tokio::test(start_paused = true)]
async fn paths_with_tricks_are_refused() {
    let pair = pair().await;
    let long = format!("{}/{}", group(Tenant::Contoso), "x".repeat(5000));
    let cases = [
        format!("{}//x", group(Tenant::Contoso)),
        format!("{}/../other", group(Tenant::Contoso)),
        format!("{}%2Fproviders", group(Tenant::Contoso)),
        format!("{}%00", group(Tenant::Contoso)),
        format!("{}%ff", group(Tenant::Contoso)),
        "/".to_owned(),
        "/nothing/here".to_owned(),
        format!("{}/providers/Microsoft.Network", group(Tenant::Contoso)),
        long,
    ];
    for path in cases {
        pair.contoso.get(&path).await.refused(400, "InvalidRequestUri");
    }
}

#[tokio::test(start_paused = true)]
async fn the_clouds_endpoints_are_open_to_all_and_lead_to_the_one_origin() {
    let azure = default_azure();
    let request = Request::get("/metadata/endpoints?api-version=2022-09-01").body(Bytes::new()).unwrap();
    let found = send(&azure, request).await.unwrap().expect(200).body;
    assert_eq!(found["resourceManager"], ORIGIN);
    assert_eq!(found["authentication"]["loginEndpoint"], ORIGIN);
    assert_eq!(found["authentication"]["audiences"][0], ORIGIN);
    assert_eq!(found["microsoftGraphResourceId"], format!("{ORIGIN}/graph"));
}
