use std::fmt::Debug;

use peerpact::arm::{ArmError, Class, ListedIn};
use peerpact::handshake::read::Denial;
use peerpact::handshake::read::Read;
use peerpact::handshake::scope::Scope;
use peerpact::kinds::network_manager::ConnectionState;
use serde_json::{Value, json};

use super::script::*;

/// One of the reads, by the address that it goes to.
#[derive(Clone, Copy, Debug)]
enum Asking {
    Manager,
    Managers,
    ScopeConnection,
    ScopeConnections,
    Connection(&'static str),
    Connections(&'static str),
    Members,
}

use Asking::*;

const ONES: [Asking; 4] = [Manager, ScopeConnection, Connection(SCOPE), Connection(GROUP_SCOPE)];
const LISTS: [Asking; 5] =
    [Managers, ScopeConnections, Connections(SCOPE), Connections(GROUP_SCOPE), Members];

/// Where managers are listed: the subscription of ours.
const HERE: &str = "/subscriptions/6a5f35e9-6951-499d-a36b-83c6c6eed44a";

const CONNECTIONS: &str = "providers/Microsoft.Network/networkManagerConnections";

/// What was seen, printed; the types differ.
fn shown<T: Debug>(look: Read<T>) -> Read<String> {
    match look {
        Read::Found(seen) => Read::Found(format!("{seen:?}")),
        Read::Absent => Read::Absent,
        Read::Denied(denial) => Read::Denied(denial),
    }
}

impl Asking {
    /// The request it makes first.
    fn line(self) -> String {
        match self {
            Manager => get(MANAGER),
            Managers => get_list(HERE, "providers/Microsoft.Network/networkManagers"),
            ScopeConnection => get(&format!("{MANAGER}/scopeConnections/c")),
            ScopeConnections => get_list(MANAGER, "scopeConnections"),
            Connection(scope) => get(&format!("{scope}/{CONNECTIONS}/c")),
            Connections(scope) => get_list(scope, CONNECTIONS),
            Members => get_list(&format!("{MANAGER}/networkGroups/g"), "staticMembers"),
        }
    }

    /// What it asks for, as errors and denials name it: the action and the resource.
    fn asked(self) -> (&'static str, String) {
        const NETWORK: &str = "Microsoft.Network";
        let (action, resource) = match self {
            Manager => ("Microsoft.Network/networkManagers/read", MANAGER.to_owned()),
            Managers => ("Microsoft.Network/networkManagers/read", HERE.to_owned()),
            ScopeConnection => (
                "Microsoft.Network/networkManagers/scopeConnections/read",
                format!("{MANAGER}/scopeConnections/c"),
            ),
            ScopeConnections => {
                ("Microsoft.Network/networkManagers/scopeConnections/read", MANAGER.to_owned())
            }
            Connection(scope) => {
                ("Microsoft.Network/networkManagerConnections/read", format!("{scope}/{CONNECTIONS}/c"))
            }
            Connections(scope) => ("Microsoft.Network/networkManagerConnections/read", scope.to_owned()),
            Members => (
                "Microsoft.Network/networkManagers/networkGroups/staticMembers/read",
                format!("{MANAGER}/networkGroups/g"),
            ),
        };
        assert!(action.starts_with(NETWORK));
        (action, resource)
    }

    /// One such resource, named `name`, as Azure shows it.
    fn body(self, name: &str) -> Value {
        match self {
            Manager | Managers => manager(&MANAGER.replace("/nm", &format!("/{name}")), &json!([])),
            ScopeConnection | ScopeConnections => scope_connection(name, "Pending"),
            Connection(scope) | Connections(scope) => connection_of(scope, name, "Pending"),
            Members => member(name, B, "Updating"),
        }
    }

    async fn make(self, stage: &Stage) -> Result<Read<String>, ArmError> {
        let (arm, until, tenant) = (&stage.arm, stage.until(20), tenant(CONTOSO));
        let scope = |text: &str| text.parse::<Scope>().unwrap();
        let here = ListedIn::Subscription("6a5f35e9-6951-499d-a36b-83c6c6eed44a".parse().unwrap());
        let (_, resource) = self.asked();
        match self {
            Manager => arm.manager(tenant, &resource.parse().unwrap(), until).await.map(shown),
            Managers => arm.managers(tenant, &here, until).await.map(shown),
            ScopeConnection => {
                arm.scope_connection(tenant, &resource.parse().unwrap(), until).await.map(shown)
            }
            ScopeConnections => {
                arm.scope_connections(tenant, &resource.parse().unwrap(), until).await.map(shown)
            }
            Connection(_) => arm.connection(tenant, &resource.parse().unwrap(), until).await.map(shown),
            Connections(at) => arm.connections(tenant, &scope(at), until).await.map(shown),
            Members => arm.members(tenant, &resource.parse().unwrap(), until).await.map(shown),
        }
    }

    /// What it comes to when its first request is answered so.
    async fn answered(self, reply: Reply) -> Result<Read<String>, ArmError> {
        let stage = Stage::new();
        stage.expect_token(CONTOSO, "tok-contoso").expect(self.line(), reply);
        let read = self.make(&stage).await;
        let seen = stage.played();
        assert_eq!(seen[1].header("authorization"), Some("Bearer tok-contoso"));
        assert_eq!(seen[1].header("x-ms-authorization-auxiliary"), None);
        read
    }
}

fn all() -> impl Iterator<Item = Asking> {
    ONES.into_iter().chain(LISTS)
}

#[tokio::test(start_paused = true)]
async fn each_is_one_get_with_our_own_token_only() {
    for read in ONES {
        let name = if matches!(read, Manager) { "nm" } else { "c" };
        let look = read.answered(answer(200, &read.body(name))).await.unwrap();
        let Read::Found(seen) = look else { panic!("{read:?}: {look:?}") };
        assert!(seen.contains(&format!("id: {}", read.asked().1)), "{seen}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_or_not_for_us_is_an_answer_and_no_error() {
    for read in all() {
        let (action, resource) = read.asked();
        assert_eq!(read.answered(not_there(&resource)).await.unwrap(), Read::Absent, "{read:?}");
        for status in [401, 403] {
            // A 401 is tried once more with a fresh token, so that it takes a code that no fresh token mends.
            let code = if status == 401 { "InvalidAuthenticationTokenTenant" } else { "AuthorizationFailed" };
            let denial = Denial {
                principal: CLIENT_ID.to_owned(),
                action: action.to_owned(),
                scope: resource.clone(),
                code: code.to_owned(),
            };
            let look = read.answered(refusal(status, code)).await.unwrap();
            assert_eq!(look, Read::Denied(denial), "{read:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_tenant_that_gives_us_no_token_is_one_where_we_may_not_look() {
    let stage = Stage::new();
    let refused = json!({"error": "unauthorized_client", "error_codes": [700_016], "error_description": "x"});
    stage.expect(token_line(CONTOSO), answer(400, &refused));
    let look = ScopeConnection.make(&stage).await.unwrap();
    let Read::Denied(denial) = look else { panic!("{look:?}") };
    assert_eq!(denial.code, "AADSTS700016");
    stage.played();
}

#[tokio::test(start_paused = true)]
async fn every_other_error_keeps_tenant_action_and_resource() {
    for read in all() {
        let (action, resource) = read.asked();
        let error = read.answered(refusal(400, "Odd")).await.unwrap_err();
        assert_eq!(error.asked.tenant, tenant(CONTOSO));
        assert_eq!((error.asked.action, &error.asked.resource), (action, &resource));
        let told = error.to_string();
        for part in [CONTOSO, action, &resource, "Odd", "because"] {
            assert!(told.contains(part), "{told}");
        }
        assert!(matches!(error.class(), Class::Refused(_)), "{told}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_makes_no_sense_or_is_about_another_resource_is_malformed() {
    for read in ONES {
        for reply in [answer(200, &json!({})), text(200, "<html>"), answer(200, &read.body("another"))] {
            let error = read.answered(reply).await.unwrap_err();
            assert_eq!(error.class(), Class::Malformed, "{error}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_asks_for_twenty_and_goes_on_until_there_is_no_next_link() {
    for read in LISTS {
        for end in [json!({"nextLink": ""}), json!({"nextLink": null}), json!({})] {
            let next = "https://arm.test/page?api-version=2022-01-01&$top=20&$skipToken=a%2Fb";
            let first = json!({"value": [read.body("one"), {"id": "/nowhere"}, "?", null], "nextLink": next});
            let mut last = json!({"value": [read.body("two")]});
            last.as_object_mut().unwrap().extend(end.as_object().unwrap().clone());
            let stage = Stage::new();
            stage.expect_token(CONTOSO, "t").expect(read.line(), answer(200, &first));
            stage.expect(format!("GET {next}"), answer(200, &last));
            let look = read.make(&stage).await.unwrap();
            stage.played();
            let Read::Found(seen) = look else { panic!("{read:?}: {look:?}") };
            assert_eq!(
                seen.matches(" id: ").count(),
                2,
                "what makes no sense does not hide the others: {seen}"
            );
            assert!(seen.contains("/one") && seen.contains("/two"), "{seen}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_lies_elsewhere_is_not_believed_to_be_in_a_list() {
    for read in LISTS {
        let mut value = vec![read.body("here")];
        for (own, other) in [
            ("6a5f35e9", "6a5f35e8"),
            ("dec492d3", "dec492d4"),
            ("fabrikam-root", "fabrikam-root-2"),
            ("networkGroups/g/", "networkGroups/g-2/"),
        ] {
            let mut far = read.body("far");
            let id = far["id"].as_str().unwrap().replace(own, other);
            if far["id"] != id {
                far["id"] = id.into();
                value.push(far);
            }
        }
        assert!(value.len() > 1, "{read:?}");
        let look = read.answered(answer(200, &json!({"value": value}))).await.unwrap();
        let Read::Found(seen) = look else { panic!("{read:?}: {look:?}") };
        assert_eq!(seen.matches(" id: ").count(), 1, "{read:?}: {seen}");
        assert!(seen.contains("/here") && !seen.contains("/far"), "{read:?}: {seen}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_list_is_seen_and_empty() {
    for read in LISTS {
        let look = read.answered(answer(200, &json!({"value": [], "nextLink": ""}))).await.unwrap();
        assert_eq!(look, Read::Found("[]".to_owned()), "{read:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_next_link_that_leads_elsewhere_is_not_followed() {
    for read in LISTS {
        for next in ["https://arm.test.evil/x", "http://arm.test/x", "https://arm.test:444/x", "/relative"] {
            let page = json!({"value": [read.body("one")], "nextLink": next});
            let error = read.answered(answer(200, &page)).await.unwrap_err();
            assert_eq!(error.class(), Class::Malformed, "{read:?}: {error}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_without_an_end_is_given_up() {
    let stage = Stage::new();
    let page = json!({"value": [], "nextLink": "https://arm.test/again"});
    stage.expect_token(CONTOSO, "t").expect(ScopeConnections.line(), answer(200, &page));
    for _ in 1..100 {
        stage.expect("GET https://arm.test/again", answer(200, &page));
    }
    let error = ScopeConnections.make(&stage).await.unwrap_err();
    assert_eq!(error.class(), Class::Malformed, "{error}");
    stage.played();
}

#[tokio::test(start_paused = true)]
async fn the_managers_of_a_resource_group_are_listed_below_it() {
    let stage = Stage::new();
    let group = "/subscriptions/6a5f35e9-6951-499d-a36b-83c6c6eed44a/resourceGroups/rg-a";
    let page = json!({"value": [manager(MANAGER, &json!([]))], "nextLink": ""});
    stage.expect_token(CONTOSO, "t");
    stage.expect(get_list(group, "providers/Microsoft.Network/networkManagers"), answer(200, &page));
    let place = ListedIn::ResourceGroup(
        "6a5f35e9-6951-499d-a36b-83c6c6eed44a".parse().unwrap(),
        "rg-a".parse().unwrap(),
    );
    let look = stage.arm.managers(tenant(CONTOSO), &place, stage.until(20)).await.unwrap();
    let Read::Found(managers) = look else { panic!("{look:?}") };
    assert_eq!(managers[0].id, MANAGER.parse().unwrap());
    stage.played();
}

#[tokio::test(start_paused = true)]
async fn each_half_says_what_it_connects_and_where_it_stands() {
    let stage = Stage::new();
    stage.expect_token(CONTOSO, "t");
    let odd =
        scope_connection("C", "Revoked").to_string().replace(SCOPE, &format!("{SCOPE}/").to_uppercase());
    stage.expect(ScopeConnection.line(), text(200, &odd));
    let id = ScopeConnection.asked().1.parse().unwrap();
    let look = stage.arm.scope_connection(tenant(CONTOSO), &id, stage.until(20)).await.unwrap();
    let Read::Found(half) = look else { panic!("{look:?}") };
    assert_eq!((half.tenant, half.scope), (tenant(FABRIKAM), SCOPE.parse().unwrap()));
    assert_eq!((half.id, half.state), (id, ConnectionState::Revoked));

    stage.expect(Connection(GROUP_SCOPE).line(), answer(200, &connection_of(GROUP_SCOPE, "c", "Conflict")));
    let id = Connection(GROUP_SCOPE).asked().1.parse().unwrap();
    let look = stage.arm.connection(tenant(CONTOSO), &id, stage.until(20)).await.unwrap();
    let Read::Found(half) = look else { panic!("{look:?}") };
    assert_eq!((half.id, half.manager), (id, MANAGER.parse().unwrap()));
    assert_eq!(half.state, ConnectionState::Conflict);

    let taken = json!([{"tenantId": FABRIKAM, "subscriptions": [SCOPE], "managementGroups": [GROUP_SCOPE]}]);
    stage.expect(Manager.line(), answer(200, &manager(MANAGER, &taken)));
    let id = MANAGER.parse().unwrap();
    let look = stage.arm.manager(tenant(CONTOSO), &id, stage.until(20)).await.unwrap();
    let Read::Found(manager) = look else { panic!("{look:?}") };
    let taken = [SCOPE, GROUP_SCOPE].map(|scope| (tenant(FABRIKAM), scope.parse().unwrap()));
    assert_eq!(manager.cross_tenant_scopes, taken);
    stage.played();
}
