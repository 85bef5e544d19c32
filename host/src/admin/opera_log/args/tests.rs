use super::*;
use crate::admin::opera_log::Outcome;
use http::Method;
use std::time::Duration;

fn operation(target: &str, pattern: &str, payload: Option<(&str, &str)>) -> Operation {
    Operation {
        trace_id: [b'0'; 32],
        user: None,
        method: Method::POST,
        target: target.into(),
        route: Some(Route { title: "x".into(), pattern: pattern.into() }),
        ip: None,
        user_agent: None,
        secrets: None,
        payload: payload.map(|(kind, text)| Payload {
            content_type: Some(kind.into()),
            beginning: text.as_bytes().iter().copied().take(PAYLOAD_BYTES_MAX).collect(),
            bytes: text.len() as u64,
        }),
        outcome: Outcome { http_status: 200, code: None, message: None, envelope: None },
        began_ms: 0,
        took: Duration::ZERO,
    }
}

#[tokio::test]
async fn parameters_and_bodies_of_each_kind_are_shown_without_secrets() {
    let multipart = "--b\r\ncontent-disposition: form-data; name=\"note\"\r\n\r\nhello\r\n--b\r\ncontent-disposition: \
                     form-data; name=\"file\"; filename=\"a.png\"\r\n\r\nBYTES\r\n--b--\r\n";
    let cases = [
        (operation("/x", "/x", None), None),
        (
            operation("/x?a=1&a=2&token=t", "/x", None),
            Some(json!({"query_params": {"a": ["1", "2"], "token": "[REDACTED]"}})),
        ),
        (operation("/x/7/a%20b", "/x/{pk}/{name}", None), Some(json!({"path_params": {"pk": "7", "name": "a b"}}))),
        (operation("/f/a/b", "/f/{*rest}", None), Some(json!({"path_params": {"rest": "a/b"}}))),
        (
            operation("/x", "/x", Some(("application/json", r#"{"a": {"password": "s"}}"#))),
            Some(json!({"json": {"a": {"password": "[REDACTED]"}}})),
        ),
        (
            operation("/x", "/x", Some(("application/x-www-form-urlencoded", "a=1&new_password=s"))),
            Some(json!({"x-www-form-urlencoded": {"a": "1", "new_password": "[REDACTED]"}})),
        ),
        (
            operation("/x", "/x", Some(("multipart/form-data; boundary=b", multipart))),
            Some(json!({"form-data": {"note": "hello", "file": "a.png"}})),
        ),
        (operation("/x", "/x", Some(("application/octet-stream", "s3cret"))), None),
        (operation("/x", "/x", Some(("application/json", "{\"password\": \"s3cret"))), Some(json!({"json": {}}))),
    ];
    for (operation, expected) in cases {
        assert_eq!(of(&operation).await, expected, "{operation:?}");
    }
}

#[tokio::test]
async fn settings_of_plugins_are_shown_without_those_that_are_secret_and_not_at_all_while_that_is_unknown() {
    let target = "/api/v1/plugins/shop/settings";
    let json = Some(("application/json", r#"{"page_size": 1, "pin": "s3cret"}"#));
    let form = Some(("application/x-www-form-urlencoded", "pin=s3cret"));
    let known = Operation { secrets: Some(vec!["pin".to_owned()]), ..operation(target, target, json) };
    assert_eq!(of(&known).await, Some(json!({"json": {"page_size": 1, "pin": "[REDACTED]"}})));
    for unknown in [operation(target, target, json), operation(target, "", form), operation("/x", target, form)] {
        assert_eq!(of(&unknown).await, None, "{unknown:?}");
    }
}

#[test]
fn a_path_with_a_secret_is_told_by_its_pattern() {
    assert_eq!(path(&operation("/x/7?a=1", "/x/{pk}", None)), "/x/7");
    assert_eq!(path(&operation("/reset/s3cret", "/reset/{token}", None)), "/reset/{token}");
}

#[tokio::test]
async fn a_long_payload_is_replaced_and_its_preview_has_no_secrets() {
    let filler = "x".repeat(12_000);
    let body = format!("{{\"password\": \"s3cret\", \"title\": \"t\", \"text\": \"{filler}\", \"token\": \"s3cret\"}}");
    let args = of(&operation("/x/7", "/x/{pk}", Some(("application/json", &body)))).await.unwrap();
    assert_eq!(args["_truncated"], true);
    assert_eq!((args["_original_size"].as_u64(), args["_max_size"].as_u64()), (Some(body.len() as u64), Some(10_240)));
    let preview = args["data_preview"].as_str().unwrap();
    assert!(preview.contains("\"pk\":\"7\"") && preview.contains("\"title\":\"t\""), "{preview}");
    assert!(!args.to_string().contains("s3cret"), "{args}");
}
