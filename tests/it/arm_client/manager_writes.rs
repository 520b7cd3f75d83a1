use peerpact::arm::{Class, Ended, Operation, WriteError};
use peerpact::handshake::read::Denial;
use serde_json::{Value, json};

use super::script::*;

const OPERATION: &str = "https://arm.test/operations/1?api-version=2024-05-01&t=638&s=sig%3D%3D";
const RESULT: &str = "https://arm.test/operationResults/1?api-version=2024-05-01";
const PLACES: [Half; 3] = [Half::Central, Half::Target(SCOPE), Half::Target(GROUP_SCOPE)];

/// Either half, and where it lives.
#[derive(Clone, Copy, Debug)]
enum Half {
    Central,
    Target(&'static str),
}

impl Half {
    fn id(self) -> String {
        match self {
            Self::Central => format!("{MANAGER}/scopeConnections/c"),
            Self::Target(scope) => format!("{scope}/providers/Microsoft.Network/networkManagerConnections/c"),
        }
    }

    fn action(self, verb: &str) -> String {
        match self {
            Self::Central => format!("Microsoft.Network/networkManagers/scopeConnections/{verb}"),
            Self::Target(_) => format!("Microsoft.Network/networkManagerConnections/{verb}"),
        }
    }

    fn body(self, state: &str) -> Value {
        match self {
            Self::Central => scope_connection("c", state),
            Self::Target(scope) => connection_of(scope, "c", state),
        }
    }

    async fn put(self, stage: &Stage) -> Result<Operation, WriteError> {
        let (arm, until, id) = (&stage.arm, stage.until(20), self.id());
        match self {
            Self::Central => {
                let (scope, id) = (SCOPE.parse().unwrap(), id.parse().unwrap());
                let (own, other) = (tenant(CONTOSO), tenant(FABRIKAM));
                arm.put_scope_connection(own, &id, other, &scope, CORRELATION, until).await
            }
            Self::Target(_) => {
                let (manager, id) = (MANAGER.parse().unwrap(), id.parse().unwrap());
                arm.put_connection(tenant(CONTOSO), &id, &manager, CORRELATION, until).await
            }
        }
    }

    async fn delete(self, stage: &Stage) -> Result<Operation, WriteError> {
        let (arm, until, id) = (&stage.arm, stage.until(20), self.id());
        let tenant = tenant(CONTOSO);
        match self {
            Self::Central => {
                arm.delete_scope_connection(tenant, &id.parse().unwrap(), CORRELATION, until).await
            }
            Self::Target(_) => arm.delete_connection(tenant, &id.parse().unwrap(), CORRELATION, until).await,
        }
    }
}

fn with_token() -> Stage {
    let stage = Stage::new();
    stage.expect_token(CONTOSO, "tok-contoso");
    stage
}

#[tokio::test(start_paused = true)]
async fn a_half_is_written_in_full_with_our_own_token_only() {
    for half in PLACES {
        let stage = with_token();
        stage.expect(put_to(&half.id()), answer(200, &half.body("Pending")));
        half.put(&stage).await.unwrap();
        let call = &stage.played()[1];
        assert_eq!(call.header("authorization"), Some("Bearer tok-contoso"));
        assert_eq!(call.header("x-ms-authorization-auxiliary"), None);
        assert_eq!(call.header("content-type"), Some("application/json"));
        assert_eq!(call.header("x-ms-correlation-request-id"), Some(CORRELATION.to_string().as_str()));
        let expected = match half {
            Half::Central => {
                json!({"tenantId": FABRIKAM, "resourceId": SCOPE, "description": "made by peerpact"})
            }
            Half::Target(_) => json!({"networkManagerId": MANAGER, "description": "made by peerpact"}),
        };
        let sent: Value = serde_json::from_str(&call.body).unwrap();
        assert_eq!(sent, json!({"properties": expected}), "{half:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_half_that_is_written_and_pending_is_written() {
    for half in PLACES {
        for (status, state) in [(200, "Pending"), (201, "Pending"), (200, "Connected"), (200, "Conflict")] {
            let stage = with_token();
            stage.expect(put_to(&half.id()), answer(status, &half.body(state)));
            let operation = half.put(&stage).await.unwrap();
            assert!(operation.has_ended(), "{half:?} {status} {state}");
            assert_eq!(stage.arm.finish(operation, stage.until(20)).await.unwrap(), Ended::Succeeded);
            stage.played();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_operation_is_looked_at_where_azure_gives_one_all_the_same() {
    let headers = [("azure-asyncoperation", OPERATION), ("retry-after", "1")];
    for half in PLACES {
        let stage = with_token();
        stage.expect(put_to(&half.id()), answer_with(201, headers, &half.body("Pending")));
        stage.expect(format!("GET {OPERATION}"), answer(200, &json!({"status": "InProgress"})));
        stage.expect(format!("GET {OPERATION}"), answer(200, &json!({"status": "Succeeded"})));
        let operation = half.put(&stage).await.unwrap();
        assert!(!operation.has_ended());
        assert_eq!(stage.arm.finish(operation, stage.until(20)).await.unwrap(), Ended::Succeeded);
        assert_eq!(stage.times(), [0, 1000, 2000]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_deleted_or_was_not_there_is_gone() {
    for half in PLACES {
        for reply in
            [text(200, ""), text(204, ""), not_there(&half.id()), refusal(404, "ParentResourceNotFound")]
        {
            let stage = with_token();
            stage.expect(delete_of(&half.id()), reply);
            let operation = half.delete(&stage).await.unwrap();
            assert!(operation.has_ended(), "{half:?}");
            assert_eq!(stage.arm.finish(operation, stage.until(20)).await.unwrap(), Ended::Succeeded);
            let call = &stage.played()[1];
            assert_eq!(call.header("x-ms-authorization-auxiliary"), None);
            assert_eq!(call.body, "");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_delete_that_takes_longer_is_followed_to_its_end() {
    for half in PLACES {
        let stage = with_token();
        let accepted = answer_with(202, [("location", RESULT), ("retry-after", "1")], &Value::Null);
        stage.expect(delete_of(&half.id()), accepted).expect(format!("GET {RESULT}"), text(202, ""));
        stage.expect(format!("GET {RESULT}"), text(204, ""));
        let operation = half.delete(&stage).await.unwrap();
        assert_eq!(stage.arm.finish(operation, stage.until(20)).await.unwrap(), Ended::Succeeded);
        assert_eq!(stage.times(), [0, 1000, 2000]);

        let stage = with_token();
        stage.expect(delete_of(&half.id()), text(202, ""));
        stage.expect(get(&half.id()), answer(200, &half.body("Connected")));
        stage.expect(get(&half.id()), not_there(&half.id()));
        let operation = half.delete(&stage).await.unwrap();
        assert_eq!(stage.arm.finish(operation, stage.until(20)).await.unwrap(), Ended::Succeeded);
        assert_eq!(stage.times(), [0, 2000, 4000], "without any address, the half itself tells");
    }
}

#[tokio::test(start_paused = true)]
async fn a_half_that_cannot_be_looked_at_is_told_with_its_own_action() {
    for half in PLACES {
        let stage = with_token();
        stage.expect(delete_of(&half.id()), text(202, ""));
        stage.expect(get(&half.id()), refusal(403, "AuthorizationFailed"));
        let operation = half.delete(&stage).await.unwrap();
        let error = stage.arm.finish(operation, stage.until(20)).await.unwrap_err();
        let Class::Denied(denial) = error.class() else { panic!("{error}") };
        assert_eq!((denial.action, denial.scope), (half.action("read"), half.id()));
        stage.played();
    }
}

#[tokio::test(start_paused = true)]
async fn a_denied_write_names_its_action_and_keeps_tenant_and_resource() {
    for half in PLACES {
        let denial = |verb: &str| Denial {
            principal: CLIENT_ID.to_owned(),
            action: half.action(verb),
            scope: half.id(),
            code: "AuthorizationFailed".to_owned(),
        };
        let stage = with_token();
        stage.expect(put_to(&half.id()), refusal(403, "AuthorizationFailed"));
        stage.expect(delete_of(&half.id()), refusal(403, "AuthorizationFailed"));
        let errors = [
            ("write", half.put(&stage).await.unwrap_err()),
            ("delete", half.delete(&stage).await.unwrap_err()),
        ];
        for (verb, error) in errors {
            assert!(matches!(error, WriteError::Rejected(_)), "{error}");
            assert_eq!(error.error().class(), Class::Denied(denial(verb)));
            assert_eq!(error.error().asked.tenant, tenant(CONTOSO));
            assert!(error.to_string().contains(CONTOSO) && error.to_string().contains(&half.id()), "{error}");
        }
        stage.played();
    }
}

#[tokio::test(start_paused = true)]
async fn what_came_of_a_write_is_unknown_after_5xx_and_a_broken_connection() {
    for half in PLACES {
        for reply in [|| refusal(500, "InternalServerError"), || Reply::Reset] {
            let stage = with_token();
            stage.expect(put_to(&half.id()), reply()).expect(delete_of(&half.id()), reply());
            for error in [half.put(&stage).await.unwrap_err(), half.delete(&stage).await.unwrap_err()] {
                assert!(matches!(error, WriteError::Unknown(_)), "{error}");
            }
            assert_eq!(stage.times(), [0, 0], "each was sent once");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_half_whose_manager_is_gone_is_not_written() {
    let stage = with_token();
    stage.expect(put_to(&Half::Central.id()), refusal(404, "ParentResourceNotFound"));
    let error = Half::Central.put(&stage).await.unwrap_err();
    assert!(matches!(error, WriteError::Rejected(_)), "{error}");
    assert_eq!(error.error().class(), Class::NotFound);
    stage.played();
}
