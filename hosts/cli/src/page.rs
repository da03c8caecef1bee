//! The page at `/`, and what it loads from `/page/`.

use pamlink::frame::handshake;
use pamlink_tokio::HttpResponse;

use files::FILES;

/// A file that the page loads.
struct File {
    /// Its path below `/page/`.
    name: &'static str,
    /// What it is known by: another text has another one.
    etag: &'static str,
    bytes: &'static [u8],
}

mod files {
    use super::File;

    include!(concat!(env!("OUT_DIR"), "/page.rs"));
}

/// Frames of other sites are none of the page's business, and no header of a proxy makes it run
/// anything but what comes from here. The module of the engine is compiled, and nothing is evaluated.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
                      connect-src 'self' ws: wss:; img-src data:; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'; require-trusted-types-for 'script'";

/// The text of the page that this program has: the chat, or what says how to build it.
pub(crate) fn render(dev: bool) -> String {
    if has_engine() { chat(dev) } else { bare() }
}

/// Whether the program was built with the engine for browsers.
pub fn has_engine() -> bool {
    FILES.iter().any(|file| file.name == "pamlink/pamlink.wasm")
}

/// The chat. In `dev` it fetches its token from `/dev/token?user=`; otherwise it asks for one.
pub fn chat(dev: bool) -> String {
    let mode = if dev { "dev" } else { "token" };
    versioned(include_str!("../page/index.html")).replace("{mode}", mode)
}

/// The page of a program that was built without the engine for browsers.
pub fn bare() -> String {
    versioned(include_str!("../page/bare.html"))
}

fn versioned(html: &str) -> String {
    html.replace("{version}", env!("CARGO_PKG_VERSION"))
}

/// The answer to a request for the page.
pub(crate) fn response(html: &str) -> HttpResponse {
    HttpResponse::new(200, "text/html; charset=utf-8", html)
        .with_header("Cache-Control", "no-cache")
        .with_header("Content-Security-Policy", POLICY)
        .with_header("X-Frame-Options", "DENY")
        .with_header("Cross-Origin-Opener-Policy", "same-origin")
}

/// The answer to a request for what the page loads, if it is one. Whoever has the file asks each time
/// whether it still is that one.
pub(crate) fn file(request: &handshake::Request) -> Option<HttpResponse> {
    let name = request.path().strip_prefix("/page/")?;
    let file = FILES.iter().find(|file| file.name == name)?;
    // A proxy that compresses makes it `W/"..."`.
    let has_it = request.header("If-None-Match").is_some_and(|held| held.contains(file.etag));
    let (status, body) = if has_it { (304, &[][..]) } else { (200, file.bytes) };
    let content_type = match name.rsplit_once('.') {
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "wasm")) => "application/wasm",
        _ => "application/octet-stream",
    };
    Some(
        HttpResponse::new(status, content_type, body)
            .with_header("Cache-Control", "no-cache")
            .with_header("ETag", file.etag),
    )
}

/// An answer with what holds for each of them: it is what it says it is, and whoever is asked
/// next does not learn where one comes from.
pub fn guarded(response: HttpResponse) -> HttpResponse {
    response
        .with_header("X-Content-Type-Options", "nosniff")
        .with_header("Referrer-Policy", "no-referrer")
}
