//! What the examples do. They are included: cargo does not build them for each way to run tests.

#![expect(dead_code, reason = "`main` is for people")]

use pamlink_tokio::Request;

use crate::common::{config, start, within};

include!("../../examples/chat.rs");

#[tokio::test]
async fn the_chat_of_the_readme_is_answered() {
    let answer = async |request: Request| {
        request.piece("40 ");
        format!("40 so far, {}", request.user())
    };
    let server = start("127.0.0.1:0", config(), answer).await;
    let mut said = Vec::new();
    within(chat(&server.url("ann"), "good-ann", &mut said)).await.expect("it is answered");
    assert_eq!(String::from_utf8_lossy(&said), "40 so far, ann");
    server.stop().await;
}
