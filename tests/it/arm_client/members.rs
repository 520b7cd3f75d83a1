use peerpact::arm::{Class, Ended, Operation, WriteError};
use peerpact::handshake::provisioning::Provisioning;
use peerpact::handshake::read::Denial;
use peerpact::handshake::read::Read;
use serde_json::{Value, json};

use super::script::*;

const READ: &str = "Microsoft.Network/networkManagers/networkGroups/staticMembers/read";
const WRITE: &str = "Microsoft.Network/networkManagers/networkGroups/staticMembers/write";
const DELETE: &str = "Microsoft.Network/networkManagers/networkGroups/staticMembers/delete";

fn group() -> String {
    format!("{MANAGER}/networkGroups/g")
}

fn id() -> String {
    format!("{}/staticMembers/m", group())
}

fn with_tokens() -> Stage {
    let stage = Stage::new();
    stage.expect_token(CONTOSO, &token_of("oid-contoso")).expect_token(FABRIKAM, &token_of("oid-fabrikam"));
    stage
}

/// Makes fabrikam's network a member of contoso's group.
async fn add(stage: &Stage) -> Result<Operation, WriteError> {
    let (id, network, until) = (id().parse().unwrap(), network(B), stage.until(20));
    stage.arm.put_member(tenant(CONTOSO), tenant(FABRIKAM), &id, &network, CORRELATION, until).await
}

async fn remove(stage: &Stage) -> Result<Operation, WriteError> {
    let (id, until) = (id().parse().unwrap(), stage.until(20));
    stage.arm.delete_member(tenant(CONTOSO), &id, CORRELATION, until).await
}

#[tokio::test(start_paused = true)]
async fn the_members_of_a_group_are_listed_with_where_they_stand() {
    let stage = Stage::new();
    let lower = B.to_lowercase();
    let page = json!({"nextLink": "", "value": [
        member("m", &lower, "Updating"), member("f", B, "Failed"), member("s", A, "Succeeded"),
        member("subnet", &format!("{B}/subnets/s"), "Succeeded")]});
    stage.expect_token(CONTOSO, "t").expect(get_list(&group(), "staticMembers"), answer(200, &page));
    let look = stage.arm.members(tenant(CONTOSO), &group().parse().unwrap(), stage.until(20)).await.unwrap();
    let Read::Found(members) = look else { panic!("{look:?}") };
    let told: Vec<_> = members.into_iter().map(|member| (member.network, member.provisioning)).collect();
    let expected = [
        (network(B), Provisioning::Updating),
        (network(B), Provisioning::Failed),
        (network(A), Provisioning::Succeeded),
    ];
    assert_eq!(told, expected, "a member that is a subnet is passed over");
    stage.played();
}

#[tokio::test(start_paused = true)]
async fn a_network_of_the_partners_is_made_a_member_with_exactly_its_token_along() {
    let stage = with_tokens();
    stage.expect(put_to(&id()), answer(200, &member("m", B, "Succeeded")));
    assert!(add(&stage).await.unwrap().has_ended());
    let call = &stage.played()[2];
    let bearer = |object_id| format!("Bearer {}", token_of(object_id));
    assert_eq!(call.header("authorization"), Some(bearer("oid-contoso").as_str()));
    assert_eq!(call.header("x-ms-authorization-auxiliary"), Some(bearer("oid-fabrikam").as_str()));
    let sent: Value = serde_json::from_str(&call.body).unwrap();
    assert_eq!(sent, json!({"properties": {"resourceId": B}}));
}

#[tokio::test(start_paused = true)]
async fn a_network_of_our_own_needs_no_other_token() {
    let stage = Stage::new();
    stage.expect_token(CONTOSO, "t").expect(put_to(&id()), answer(200, &member("m", A, "Succeeded")));
    let (own, until) = (tenant(CONTOSO), stage.until(20));
    stage.arm.put_member(own, own, &id().parse().unwrap(), &network(A), CORRELATION, until).await.unwrap();
    assert_eq!(stage.played()[1].header("x-ms-authorization-auxiliary"), None);
}

#[tokio::test(start_paused = true)]
async fn a_member_that_is_still_updating_is_looked_at_until_it_is_through_or_failed() {
    for (word, succeeds) in [("Succeeded", true), ("Failed", false)] {
        let stage = with_tokens();
        stage.expect(put_to(&id()), answer(200, &member("m", B, "Updating")));
        stage.expect(get(&id()), answer(200, &member("m", B, "Updating")));
        stage.expect(get(&id()), answer(200, &member("m", B, word)));
        let operation = add(&stage).await.unwrap();
        assert!(!operation.has_ended());
        let ended = stage.arm.finish(operation, stage.until(20)).await.unwrap();
        assert_eq!(ended == Ended::Succeeded, succeeds, "{ended:?}");
        assert_eq!(matches!(ended, Ended::Failed(_)), !succeeds, "{ended:?}");
        assert_eq!(stage.times(), [0, 2000, 4000]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_member_that_outlasts_the_deadline_is_still_running() {
    let stage = with_tokens();
    stage.expect(put_to(&id()), answer(200, &member("m", B, "Updating")));
    let operation = add(&stage).await.unwrap();
    assert_eq!(
        stage.arm.finish(operation, stage.until(1)).await.unwrap(),
        Ended::StillRunning { after: None }
    );
    assert_eq!(stage.times(), [0]);
}

#[tokio::test(start_paused = true)]
async fn a_member_that_cannot_be_looked_at_is_told_with_its_own_action() {
    let stage = with_tokens();
    stage.expect(put_to(&id()), answer(200, &member("m", B, "Updating")));
    stage.expect(get(&id()), refusal(403, "AuthorizationFailed"));
    let operation = add(&stage).await.unwrap();
    let error = stage.arm.finish(operation, stage.until(20)).await.unwrap_err();
    let Class::Denied(denial) = error.class() else { panic!("{error}") };
    assert_eq!((denial.action.as_str(), denial.scope), (READ, id()));
    stage.played();
}

#[tokio::test(start_paused = true)]
async fn a_missing_grant_on_the_partners_network_names_it_and_who_we_are_there() {
    let join = "Microsoft.Network/virtualNetworks/join/action";
    let wanted = "Microsoft.Network/virtualNetworks/write";
    let scope = id();
    let sentences = [
        (
            format!(
                "The client 'app' with object id 'oid-contoso' has permission to perform action '{WRITE}' on scope '{scope}'; however, it does not have permission to perform action(s) '{wanted}' on the linked scope(s) '{B}' (respectively) or the linked scope(s) are invalid."
            ),
            wanted,
        ),
        (
            format!(
                "The client has permission to perform action '{wanted}' on scope '{scope}', however the current tenant '{CONTOSO}' is not authorized to access linked subscription 'dec492d3-4f4e-493b-aa47-7bdf2f96a6fc'."
            ),
            wanted,
        ),
        ("no".to_owned(), join),
    ];
    for (message, action) in sentences {
        let stage = with_tokens();
        let body = json!({"error": {"message": message, "code": "LinkedAuthorizationFailed"}});
        stage.expect(put_to(&id()), answer(403, &body));
        let error = add(&stage).await.unwrap_err();
        stage.played();
        assert!(matches!(error, WriteError::Rejected(_)), "{error}");
        let expected = Denial {
            principal: "oid-fabrikam".to_owned(),
            action: action.to_owned(),
            scope: B.to_owned(),
            code: "LinkedAuthorizationFailed".to_owned(),
        };
        assert_eq!(error.error().class(), Class::Denied(expected), "{message}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_denied_on_our_own_side_names_the_member() {
    let stage = with_tokens();
    stage.expect(put_to(&id()), refusal(403, "AuthorizationFailed"));
    stage.expect(delete_of(&id()), refusal(403, "AuthorizationFailed"));
    for (action, error) in
        [(WRITE, add(&stage).await.unwrap_err()), (DELETE, remove(&stage).await.unwrap_err())]
    {
        let Class::Denied(denial) = error.error().class() else { panic!("{error}") };
        assert_eq!((denial.action.as_str(), denial.scope), (action, id()));
    }
    stage.played();
}

#[tokio::test(start_paused = true)]
async fn a_member_is_removed_with_our_own_token_even_if_it_or_its_group_is_gone() {
    for reply in [text(200, ""), text(204, ""), not_there(&id())] {
        let stage = Stage::new();
        stage.expect_token(CONTOSO, "t").expect(delete_of(&id()), reply);
        let operation = remove(&stage).await.unwrap();
        assert_eq!(stage.arm.finish(operation, stage.until(20)).await.unwrap(), Ended::Succeeded);
        assert_eq!(stage.played()[1].header("x-ms-authorization-auxiliary"), None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_member_of_a_group_that_is_gone_is_not_written() {
    let stage = with_tokens();
    stage.expect(put_to(&id()), not_there(&group()));
    let error = add(&stage).await.unwrap_err();
    assert!(matches!(error, WriteError::Rejected(_)), "{error}");
    assert_eq!(error.error().class(), Class::NotFound);
    stage.played();
}
