//! The authority: discovery, keys, tokens, and its refusals.

use base64::Engine;
use bytes::Bytes;
use http::Request;
use peerpact_sandbox::Tenant;
use serde_json::{Value, json};

use crate::support::*;

async fn open(azure: &peerpact_sandbox::Azure, path: &str) -> Answer {
    send(azure, Request::get(format!("{ORIGIN}{path}")).body(Bytes::new()).unwrap()).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn discovery_leads_to_the_token_endpoint_and_to_the_keys() {
    let azure = default_azure();
    let tenant = Tenant::Contoso.tenant_id();
    let found =
        open(&azure, &format!("/{tenant}/v2.0/.well-known/openid-configuration")).await.expect(200).body;
    assert_eq!(found["token_endpoint"], format!("{ORIGIN}/{tenant}/oauth2/v2.0/token"));
    assert_eq!(found["issuer"], format!("{ORIGIN}/{tenant}/v2.0"));
    let keys = found["jwks_uri"].as_str().unwrap().strip_prefix(ORIGIN).unwrap().to_owned();
    let keys = open(&azure, &keys).await.expect(200).body;
    assert_eq!(keys["keys"][0]["kty"], "EC");
}

#[tokio::test(start_paused = true)]
async fn a_token_says_who_it_is_for_in_which_tenant_and_is_signed_with_the_published_key() {
    let azure = default_azure();
    let traveller = azure.world().traveller().clone();
    let token = token(&azure, &traveller, Tenant::Fabrikam).await;
    let decode = |part: &str| -> Value {
        serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap())
            .unwrap()
    };
    let mut parts = token.split('.');
    let (header, claims) = (decode(parts.next().unwrap()), decode(parts.next().unwrap()));
    assert_eq!(claims["aud"], ORIGIN);
    assert_eq!(claims["tid"], Tenant::Fabrikam.tenant_id());
    assert_eq!(claims["appid"], traveller.client_id.as_str());
    assert_eq!(claims["oid"], traveller.object_id(Tenant::Fabrikam).unwrap());
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3599);

    let keys = open(&azure, "/common/discovery/v2.0/keys").await.expect(200).body;
    assert_eq!(keys["keys"][0]["kid"], header["kid"]);
    let (x, y) = (keys["keys"][0]["x"].as_str().unwrap(), keys["keys"][0]["y"].as_str().unwrap());
    let key = jsonwebtoken::DecodingKey::from_ec_components(x, y).unwrap();
    let mut rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::ES256);
    rules.validate_exp = false;
    rules.set_audience(&[ORIGIN]);
    jsonwebtoken::decode::<Value>(&token, &key, &rules).expect("the signature fits");
}

#[tokio::test(start_paused = true)]
async fn refusals_carry_entras_numbers() {
    let azure = default_azure();
    let operator = azure.world().operator(Tenant::Contoso).clone();
    let (id, secret) = (operator.client_id.as_str(), operator.client_secret.as_str());
    let home = Tenant::Contoso.tenant_id();
    let scope = format!("{ORIGIN}/.default");
    for (tenant, client, secret, scope, status, error, number) in [
        ("nowhere", id, secret, scope.as_str(), 400, "invalid_request", 90002),
        (Tenant::Fabrikam.tenant_id(), id, secret, &scope, 400, "unauthorized_client", 700_016),
        (home, "0000", secret, &scope, 400, "unauthorized_client", 700_016),
        (home, id, "wrong", &scope, 401, "invalid_client", 7_000_215),
        (home, id, secret, "https://elsewhere/.default", 400, "invalid_resource", 500_011),
        (home, id, secret, "user.read", 400, "invalid_scope", 1_002_012),
    ] {
        let answer = ask_token(&azure, tenant, client, secret, scope).await.expect(status);
        assert_eq!(answer.body["error"], error);
        assert_eq!(answer.body["error_codes"], json!([number]));
        let words = answer.body["error_description"].as_str().unwrap();
        assert!(words.starts_with(&format!("AADSTS{number}: ")), "{words}");
        assert!(!words.contains(&operator.client_secret));
    }
}

#[tokio::test(start_paused = true)]
async fn requests_for_tokens_are_in_the_history_with_who_asked_and_without_the_secret() {
    let azure = default_azure();
    let principal = azure.world().app(Tenant::Fabrikam).clone();
    ask_token(&azure, Tenant::Contoso.tenant_id(), &principal.client_id, "wrong", "x/.default")
        .await
        .expect(401);
    let call = &azure.calls_since(0)[0];
    assert_eq!(call.principal.as_deref(), Some(principal.client_id.as_str()));
    assert_eq!(call.application.as_deref(), Some("fabrikam-app"));
    assert_eq!(call.tenant.as_deref(), Some(Tenant::Contoso.tenant_id()));
    assert_eq!(call.status, 401);
    let shown = serde_json::to_value(call).unwrap();
    for name in
        ["sequence", "time", "method", "path", "query", "status", "principal", "tenant", "clientRequestId"]
    {
        assert!(shown.get(name).is_some(), "{name}");
    }
    assert!(!format!("{principal:?}").contains(&principal.client_secret));
}

#[tokio::test(start_paused = true)]
async fn graph_finds_the_service_principal_of_an_application() {
    let azure = default_azure();
    let operator = azure.world().operator(Tenant::Contoso).clone();
    let app = azure.world().app(Tenant::Fabrikam).clone();
    // The CLI appends `/.default` to an address that ends in a slash, too.
    let scope = format!("{ORIGIN}/graph//.default");
    let asked =
        ask_token(&azure, Tenant::Contoso.tenant_id(), &operator.client_id, &operator.client_secret, &scope);
    let token = asked.await.expect(200).body["access_token"].as_str().unwrap().to_owned();
    let client = Client { azure: azure.clone(), token, auxiliary: None, version: VERSION.into() };
    let filter = format!("servicePrincipalNames/any(c:c%20eq%20'{}')", app.client_id);
    let found = client.get(&format!("/graph/v1.0/servicePrincipals?$filter={filter}")).await.expect(200);
    assert_eq!(found.body["value"][0]["id"], app.object_id(Tenant::Contoso).unwrap());
    let ids = json!({"ids": [app.object_id(Tenant::Contoso)], "types": ["ServicePrincipal"]});
    let named = client
        .send(http::Method::POST, "/graph/v1.0/directoryObjects/getByIds", Some(&ids))
        .await
        .expect(200);
    assert_eq!(named.body["value"][0]["displayName"], "fabrikam-app");
}
