//! Network managers, their lists, groups and deployments.

use std::time::Duration;

use http::Method;
use peerpact_sandbox::Tenant;
use serde_json::{Value, json};

use crate::stage::*;
use crate::support::*;

const CONTOSO: Tenant = Tenant::Contoso;
const FABRIKAM: Tenant = Tenant::Fabrikam;

#[tokio::test(start_paused = true)]
async fn a_manager_is_made_at_once_and_has_an_entity_tag_only_when_it_is_read() {
    let stage = stage().await;
    let id = manager(CONTOSO, "Second");
    let mut body = manager_body(&[&subscription(CONTOSO)], &["securityadmin", "Routing"]);
    body["tags"] = json!({"team": "networks"});
    let made = stage.contoso.put(&id, &body).await.expect(200);
    assert_eq!(made.body["etag"], "");
    assert_eq!(made.body["tags"], json!({"team": "networks"}));
    assert_eq!(made.body["properties"]["networkManagerScopeAccesses"], json!(["SecurityAdmin", "Routing"]));
    let read = stage.contoso.get(&id.to_lowercase()).await.expect(200);
    assert_eq!(read.body["id"], id);
    assert_ne!(read.body["etag"], "");
    let operator = stage.azure.world().operator(CONTOSO);
    assert_eq!(read.body["systemData"]["createdBy"], operator.client_id.as_str());

    tokio::time::sleep(Duration::from_secs(5)).await;
    let patched =
        stage.contoso.send(Method::PATCH, &id, Some(&json!({"tags": {"team": "other"}}))).await.expect(200);
    assert_eq!(patched.body["tags"], json!({"team": "other"}));
    for part in ["/properties/resourceGuid", "/systemData/createdAt", "/properties/networkManagerScopes"] {
        assert_eq!(patched.body.pointer(part), read.body.pointer(part), "{part}");
    }
    assert_ne!(patched.body["etag"], read.body["etag"]);
    stage.contoso.get(&manager(CONTOSO, "absent")).await.refused(404, "ResourceNotFound");
}

#[tokio::test(start_paused = true)]
async fn a_managers_own_scopes_lie_in_its_tenant_and_belong_to_no_other_manager_with_the_same_access() {
    let stage = stage().await;
    let (home, first, second) =
        (subscription(CONTOSO), manager(CONTOSO, "first"), manager(CONTOSO, "second"));
    let abroad = manager_body(&[&subscription(FABRIKAM)], &["Connectivity"]);
    let refused = stage.contoso.put(&first, &abroad).await.refused(400, "BadRequest");
    assert!(refused.message().ends_with(&format!("is not within tenant [{}]", CONTOSO.tenant_id())));
    for broken in [json!({"location": "eastus2", "properties": {}}), manager_body(&[&home], &["Everything"])]
    {
        stage.contoso.put(&first, &broken).await.refused(400, "BadRequest");
    }

    let both = ["SecurityAdmin", "Connectivity"];
    stage.contoso.put(&first, &manager_body(&[&home], &both)).await.expect(200);
    let refused = stage.contoso.put(&second, &manager_body(&[&home], &both)).await.refused(400, "BadRequest");
    assert_eq!(
        refused.message(),
        format!(
            "Cannot have two Network Managers applied to the same object overlapping scope accesses. Scope id: {home}. Failed to create Network Manager with Id: {second} and Scope: [\"SecurityAdmin\",\"Connectivity\"]. Conflicting with the following Network Manager(s): {{\"{first}\":[\"SecurityAdmin\",\"Connectivity\"]}}"
        )
    );
    stage.contoso.put(&second, &manager_body(&[&home], &["Routing"])).await.expect(200);
    stage.contoso.put(&first, &manager_body(&[&home], &both)).await.expect(200);
    let above = manager_body(&[&management_group(CONTOSO)], &both);
    stage.contoso.put(&manager(CONTOSO, "above"), &above).await.expect(200);
}

#[tokio::test(start_paused = true)]
async fn a_scope_that_is_connected_to_a_manager_is_taken_for_managers_at_home_too() {
    let stage = stage().await;
    let scope = subscription(FABRIKAM);
    stage.connect(&scope).await;
    let local = manager(FABRIKAM, "local");
    stage.fabrikam.put(&local, &manager_body(&[&scope], &["Connectivity"])).await.refused(400, "BadRequest");
    stage.fabrikam.put(&local, &manager_body(&[&scope], &["SecurityAdmin"])).await.expect(200);
}

#[tokio::test(start_paused = true)]
async fn a_manager_with_anything_in_it_is_deleted_by_force_only_and_its_counterparts_are_revoked() {
    let stage = stage().await;
    let (ours, theirs) = stage.connect(&subscription(FABRIKAM)).await;
    let group = stage.network_group().await;
    let refused = stage.contoso.delete(&stage.manager).await.refused(409, "CannotDeleteResource");
    assert!(refused.message().contains(&ours) && refused.message().contains(&group), "{}", refused.message());
    stage.contoso.delete(&format!("{}?force=false", stage.manager)).await.expect(409);
    stage.contoso.delete(&format!("{}?force=true", stage.manager)).await.expect(200);
    stage.contoso.get(&ours).await.refused(404, "ResourceNotFound");
    assert_eq!(later(&stage.fabrikam, &theirs).await, "Revoked");
    assert_eq!(stage.contoso.delete(&stage.manager).await.status, 204);
    let again = scope_connection(&stage.manager, "x");
    let body = to_scope(FABRIKAM, &subscription(FABRIKAM));
    stage.contoso.put(&again, &body).await.refused(404, "ResourceNotFound");
}

#[tokio::test(start_paused = true)]
async fn managers_go_with_their_resource_group() {
    let stage = stage().await;
    let (_, theirs) = stage.connect(&subscription(FABRIKAM)).await;
    stage.contoso.delete(&group(CONTOSO)).await.expect(202);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(later(&stage.fabrikam, &theirs).await, "Revoked");
    stage.contoso.group(CONTOSO).await;
    stage.contoso.get(&stage.manager).await.refused(404, "ResourceNotFound");
}

#[tokio::test(start_paused = true)]
async fn a_connection_and_its_manager_deleted_within_a_second_damage_the_scope_and_a_minute_apart_they_do_not()
 {
    for (apart, damaged) in [(1, true), (60, false)] {
        let stage = stage().await;
        let scope = subscription(FABRIKAM);
        let (ours, theirs) = stage.connect(&scope).await;
        stage.contoso.delete(&ours).await.expect(200);
        tokio::time::sleep(Duration::from_secs(60)).await;
        stage.fabrikam.delete(&theirs).await.expect(200);
        tokio::time::sleep(Duration::from_secs(apart)).await;
        stage.contoso.delete(&stage.manager).await.expect(200);
        tokio::time::sleep(Duration::from_secs(86_000)).await;
        let fabrikam = operator(&stage.azure, FABRIKAM).await;
        let local = fabrikam.put(&manager(FABRIKAM, "local"), &manager_body(&[&scope], &["Routing"])).await;
        if damaged {
            let refused = local.refused(400, "BadRequest");
            assert!(refused.message().contains(&stage.manager), "{}", refused.message());
        } else {
            local.expect(200);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn lists_come_in_pages_of_at_most_twenty_and_the_last_page_has_an_empty_next_link() {
    let stage = stage().await;
    let collection = format!("{}/scopeConnections", stage.manager);
    for number in 0..23 {
        let id = scope_connection(&stage.manager, &format!("c{number:02}"));
        stage.contoso.put(&id, &to_scope(FABRIKAM, &subscription(FABRIKAM))).await.expect(200);
    }
    let names = |page: &Value| -> Vec<String> {
        page["value"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    for (query, sizes) in [("", vec![20, 3]), ("?$top=20", vec![20, 3]), ("?%24top=9", vec![9, 9, 5])] {
        let mut next = format!("{collection}{query}");
        let mut seen = Vec::new();
        for size in &sizes {
            let page = stage.contoso.get(&next).await.expect(200).body;
            assert_eq!(names(&page).len(), *size);
            seen.extend(names(&page));
            next = page["nextLink"].as_str().expect("there always").to_owned();
        }
        assert_eq!(next, "");
        assert_eq!(seen, (0..23).map(|number| format!("c{number:02}")).collect::<Vec<_>>());
    }
    for wrong in ["$top=0", "$top=21", "$top=many", "$top=-1", "$skipToken=%7B%7D"] {
        stage.contoso.get(&format!("{collection}?{wrong}")).await.refused(400, "BadRequest");
    }
}

#[tokio::test(start_paused = true)]
async fn every_collection_of_managers_has_the_shape_that_the_sdks_page_through() {
    let stage = stage().await;
    stage.connect(&subscription(FABRIKAM)).await;
    let group_id = stage.network_group().await;
    let managers = |scope: String| format!("{scope}/providers/Microsoft.Network/networkManagers");
    let connections =
        format!("{}/providers/Microsoft.Network/networkManagerConnections", subscription(FABRIKAM));
    let above =
        format!("{}/providers/Microsoft.Network/networkManagerConnections", management_group(FABRIKAM));
    for (client, collection, count) in [
        (&stage.contoso, managers(group(CONTOSO)), 1),
        (&stage.contoso, managers(subscription(CONTOSO)), 1),
        (&stage.contoso, format!("{}/scopeConnections", stage.manager), 1),
        (&stage.contoso, format!("{}/networkGroups", stage.manager), 1),
        (&stage.contoso, format!("{group_id}/staticMembers"), 0),
        (&stage.fabrikam, connections, 1),
        (&stage.fabrikam, above, 0),
    ] {
        let list = client.get(&format!("{collection}?$top=20")).await.expect(200).body;
        assert_eq!(list["nextLink"], "", "{collection}");
        assert_eq!(list["value"].as_array().unwrap().len(), count, "{collection}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_commit_is_deployed_a_moment_later() {
    let stage = stage().await;
    let post = async |name: &str, body: Value| {
        stage.contoso.send(Method::POST, &format!("{}/{name}", stage.manager), Some(&body)).await
    };
    let configuration = format!("{}/connectivityConfigurations/mesh", stage.manager);
    let body = json!({"targetLocations": ["East US 2"], "configurationIds": [configuration], "commitType": "Connectivity"});
    assert_eq!(post("commit", body.clone()).await.expect(200).body["commitType"], "Connectivity");
    let status = async |regions: Value| {
        let body = json!({"regions": regions, "deploymentTypes": ["Connectivity"], "skipToken": ""});
        post("listDeploymentStatus", body).await.expect(200).body["value"].clone()
    };
    assert_eq!(status(json!([])).await[0]["deploymentStatus"], "Deploying");
    tokio::time::sleep(FLIP).await;
    let deployed = status(json!(["eastus2"])).await;
    assert_eq!(deployed[0]["deploymentStatus"], "Deployed");
    assert_eq!(deployed[0]["configurationIds"], json!([configuration]));
    assert_eq!(status(json!(["westus"])).await, json!([]));
    for broken in
        [json!({"commitType": "Connectivity"}), json!({"targetLocations": ["eastus2"], "commitType": "All"})]
    {
        post("commit", broken).await.refused(400, "BadRequest");
    }
    let mut stray = body;
    stray["configurationIds"] =
        json!([format!("{}/connectivityConfigurations/mesh", manager(CONTOSO, "other"))]);
    post("commit", stray).await.refused(400, "BadRequest");
}
