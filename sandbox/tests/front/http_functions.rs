use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::support::{App, client};

#[tokio::test]
async fn a_request_is_an_object_with_its_query_headers_parameters_and_raw_body() {
    let app = App::with_functions();
    let host = app.start().await;
    let address = format!(
        "{}/api/handshakes/a%20b?phase=connected&tag=1&tag=2&code={}",
        host.origin(),
        host.keys().default
    );
    let request =
        client(None).post(&address).header("Content-Type", "application/json").header("X-Test", "one");
    let response = request.header("X-Test", "two").body(r#"{"a": 1}"#).send().await.unwrap();
    assert_eq!(response.status(), 200);
    host.shutdown().await;

    let sent = app.request().json();
    let req = &sent["Data"]["req"];
    assert_eq!(req["Url"], address);
    assert_eq!(req["Method"], "POST");
    assert_eq!(req["Query"]["phase"], "connected");
    assert_eq!(req["Query"]["tag"], "1,2");
    assert_eq!(req["Headers"]["Content-Type"], json!(["application/json"]));
    assert_eq!(req["Headers"]["x-test"], json!(["one", "two"]));
    assert_eq!(req["Params"], json!({ "id": "a b" }));
    assert_eq!(req["Body"], r#"{"a": 1}"#);
    assert_eq!(req["Identities"][0]["AuthenticationType"], "WebJobsAuthLevel");
    assert_eq!(sent["Metadata"]["id"], r#""a b""#);
    assert_eq!(sent["Metadata"]["Query"]["phase"], "connected");
    assert_eq!(sent["Metadata"]["sys"]["MethodName"], "Handshakes");
}

#[tokio::test]
async fn an_empty_body_is_absent_and_a_binary_one_is_base64() {
    let app = App::with_functions();
    let host = app.start().await;
    let address = format!("{}/api/Handshakes?code={}", host.origin(), host.keys().master);
    client(None).get(&address).send().await.unwrap();
    client(None)
        .post(&address)
        .header("Content-Type", "application/octet-stream")
        .body(vec![0, 255])
        .send()
        .await
        .unwrap();
    host.shutdown().await;
    let sent: Vec<Value> =
        app.requests().iter().map(|request| request.json()["Data"]["req"].clone()).collect();
    assert!(sent[0].get("Body").is_none(), "{}", sent[0]);
    assert_eq!(sent[0]["Params"], json!({}));
    assert_eq!(sent[1]["Body"], STANDARD.encode([0, 255]));
}

#[tokio::test]
async fn the_response_is_made_of_the_http_output() {
    let app = App::with_functions();
    let host = app.start().await;
    let address = format!("{}/api/handshakes?code={}", host.origin(), host.keys().master);
    let cases = [
        (
            json!({ "Outputs": { "res": { "statusCode": 404, "body": { "a": 1 }, "headers": { "X-Kind": "none" } } } }),
            404,
            "application/json; charset=utf-8",
            r#"{"a":1}"#,
        ),
        (
            json!({ "Outputs": { "res": { "status": "201", "body": "made" } } }),
            201,
            "text/plain; charset=utf-8",
            "made",
        ),
        (
            json!({ "Outputs": { "res": { "headers": { "content-type": "text/css" }, "body": "p" } } }),
            200,
            "text/css",
            "p",
        ),
        (json!({ "Outputs": { "res": "not base64!" } }), 200, "text/plain; charset=utf-8", "not base64!"),
        (
            json!({ "Outputs": { "res": STANDARD.encode("decoded") } }),
            200,
            "application/octet-stream",
            "decoded",
        ),
        (json!({ "Outputs": { "res": [1] } }), 200, "application/json; charset=utf-8", "[1]"),
        (json!({ "Outputs": { "res": { "statusCode": 9999 } } }), 500, "", ""),
        (json!({}), 200, "", ""),
    ];
    for (result, status, kind, body) in cases {
        app.answer("/Handshakes", json!({ "body": result.to_string() }));
        let response = client(None).get(&address).send().await.unwrap();
        assert_eq!(response.status(), status, "{result}");
        let given = response.headers().get("content-type").map_or("", |kind| kind.to_str().unwrap());
        assert_eq!(given, kind, "{result}");
        assert_eq!(response.headers().contains_key("x-kind"), status == 404);
        assert_eq!(response.text().await.unwrap(), body);
    }
    host.shutdown().await;
}

#[tokio::test]
async fn each_level_opens_with_its_key_and_the_master_key_opens_all() {
    let app = App::new();
    for level in ["anonymous", "function", "admin"] {
        app.http(level, json!({ "authLevel": level }));
    }
    let host = app.start().await;
    let (default, master) = (host.keys().default.clone(), host.keys().master.clone());
    let cases = [
        ("anonymous", None, 200),
        ("anonymous", Some("wrong"), 200),
        ("function", None, 401),
        ("function", Some("wrong"), 401),
        ("function", Some(default.as_str()), 200),
        ("function", Some(master.as_str()), 200),
        ("admin", Some(default.as_str()), 401),
        ("admin", Some(master.as_str()), 200),
    ];
    for (function, key, status) in cases {
        let address = format!("{}/api/{function}", host.origin());
        let by_query = format!("{address}?code={}", key.unwrap_or_default());
        let by_query = client(None).get(by_query).send().await.unwrap();
        assert_eq!(by_query.status(), status, "{function} by query");
        let mut by_header = client(None).get(&address);
        if let Some(key) = key {
            by_header = by_header.header("x-functions-key", key);
        }
        assert_eq!(by_header.send().await.unwrap().status(), status, "{function} by header");
    }
    host.shutdown().await;
    assert_eq!(app.requests().len(), 10);
}

#[tokio::test]
async fn what_is_no_route_is_not_found() {
    let app = App::with_functions();
    app.http("Literal", json!({ "route": "handshakes/all", "authLevel": "anonymous" }));
    let host = app.start().await;
    let code = host.keys().master.clone();
    let cases = [
        ("GET", "", 200),
        ("GET", "api", 404),
        ("GET", "api/other", 404),
        ("GET", "handshakes", 404),
        ("GET", "apihandshakes", 404),
        ("GET", "API/HANDSHAKES/1", 200),
        ("DELETE", "api/handshakes", 404),
        ("GET", "api/handshakes/1/2", 404),
        ("GET", "api/handshakes/all", 200),
    ];
    for (method, path, status) in cases {
        let address = format!("{}/{path}?code={code}", host.origin());
        let response = client(None).request(method.parse().unwrap(), address).send().await.unwrap();
        assert_eq!(response.status(), status, "{method} {path}");
    }
    host.shutdown().await;
    let invoked: Vec<String> = app.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(invoked, ["/Handshakes", "/Literal"]);
}

#[tokio::test]
async fn another_route_prefix_takes_the_place_of_api() {
    let app = App::with_functions();
    app.change_host_json(|host| host["extensions"] = json!({ "http": { "routePrefix": "" } }));
    let host = app.start().await;
    let status = async |path: &str| {
        let address = format!("{}/{path}?code={}", host.origin(), host.keys().master);
        client(None).get(address).send().await.unwrap().status().as_u16()
    };
    assert_eq!((status("handshakes").await, status("api/handshakes").await), (200, 404));
    host.shutdown().await;
}
