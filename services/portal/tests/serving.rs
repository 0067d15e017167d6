//! What a browser gets, with whichever page the build embedded.

use axum::body::Body;
use axum::response::Response;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;

async fn send(request: http::request::Builder) -> Response {
    sightline_portal::router()
        .oneshot(request.body(Body::empty()).expect("request"))
        .await
        .expect("request")
}

async fn get(path: &str) -> Response {
    send(Request::get(path)).await
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().expect("ASCII"))
}

async fn text(response: Response) -> String {
    let bytes = response
        .into_body()
        .collect()
        .await
        .expect("body")
        .to_bytes();
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

#[tokio::test]
async fn views_of_the_application_all_get_its_page() {
    let root = text(get("/").await).await;
    assert!(root.contains("Sightline"));
    assert_eq!(text(get("/devices").await).await, root);
}

#[tokio::test]
async fn the_page_is_compared_with_the_server_each_time() {
    let page = get("/").await;
    assert_eq!(header(&page, "cache-control"), "no-cache");
    let again = send(Request::get("/").header("if-none-match", header(&page, "etag"))).await;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(text(again).await, "");
}

#[tokio::test]
async fn files_that_the_page_names_are_there_with_their_types() {
    let page = text(get("/").await).await;
    let sheet = page
        .split('"')
        .find(|part| part.starts_with('/') && part.ends_with(".css"))
        .expect("the page has a style sheet");
    let response = get(sheet).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(header(&response, "content-type"), "text/css; charset=utf-8");
}

#[tokio::test]
async fn nothing_inline_runs_and_no_page_frames_this_one() {
    let page = get("/").await;
    let policy = header(&page, "content-security-policy");
    assert!(policy.contains("script-src 'self';"));
    assert!(policy.contains("frame-ancestors 'none'"));
    assert!(!policy.contains("unsafe"));
    assert_eq!(header(&page, "referrer-policy"), "no-referrer");
    assert_eq!(header(&page, "x-content-type-options"), "nosniff");
    let html = text(page).await;
    assert!(!html.contains("<style") && !html.contains("<script>"));
}

#[tokio::test]
async fn unknown_files_and_api_paths_are_not_the_page() {
    for path in ["/assets/gone-1a2b.js", "/../Cargo.toml", "/v1/unknown"] {
        assert_eq!(get(path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn writing_methods_find_nothing() {
    let response = send(Request::post("/sightline.unknown.v1.Unknown/Call")).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
}
