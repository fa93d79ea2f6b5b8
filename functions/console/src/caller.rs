//! Who asks: what the authorizer of the HTTP API asserts about the token of a request.

use std::collections::{BTreeSet, HashMap};

use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt};
use rollcall_domain::types::names::ProgramName;
use rollcall_web::access::Caller;

/// Subjects in the audit log have at most so many characters.
const NAME: usize = 64;

/// Adds the caller to a request whose token the authorizer has accepted. A request without claims gets none, and the
/// application refuses it.
pub(crate) fn identified(mut request: Request, claim: &str) -> Request {
    let caller = request.request_context_ref().and_then(|context| match context {
        RequestContext::ApiGatewayV2(context) => {
            let token = context.authorizer.as_ref()?.jwt.as_ref()?;
            Some(caller_of(&token.claims, claim))
        }
        #[allow(unreachable_patterns)]
        _ => None,
    });
    if let Some(caller) = caller {
        request.extensions_mut().insert(caller);
    }
    request
}

/// Without the claim there is no program.
fn caller_of(claims: &HashMap<String, String>, claim: &str) -> Caller {
    let subject = claims.get("sub").map_or("", String::as_str);
    let plain = |sign: &char| sign.is_ascii_alphanumeric() || "-_.|@:".contains(*sign);
    let name = subject.chars().filter(plain).take(NAME).collect();
    Caller { name, programs: Some(programs(claims.get(claim).map_or("", String::as_str))) }
}

/// Names of programs, separated by blanks or commas. The authorizer writes an array as `[a b]`.
fn programs(text: &str) -> BTreeSet<ProgramName> {
    let names = text.split(|sign: char| sign.is_whitespace() || matches!(sign, ',' | '[' | ']' | '"'));
    names.filter_map(|name| ProgramName::parse(name).ok()).filter(|name| !name.is_marketplace()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// The event as an HTTP API with a JWT authorizer sends it.
    fn event(authorizer: Value) -> Request {
        let event = json!({
            "version": "2.0", "routeKey": "$default", "rawPath": "/api/programs", "rawQueryString": "",
            "headers": {"authorization": "Bearer e30.e30.e30", "host": "api.example"},
            "requestContext": {
                "accountId": "1", "apiId": "a", "domainName": "api.example", "domainPrefix": "api",
                "http": {"method": "GET", "path": "/api/programs", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "t"},
                "requestId": "r", "routeKey": "$default", "stage": "$default", "time": "t", "timeEpoch": 1,
                "authorizer": authorizer,
            },
            "isBase64Encoded": false,
        });
        lambda_http::request::from_str(&event.to_string()).unwrap()
    }

    fn told(request: &Request) -> Option<Vec<&str>> {
        let caller = request.extensions().get::<Caller>()?;
        Some(caller.programs.as_ref().unwrap().iter().map(ProgramName::as_str).collect())
    }

    #[test]
    fn the_claim_says_which_programs() {
        for (claim, programs) in [
            ("acme", vec!["acme"]),
            ("[acme beta]", vec!["acme", "beta"]),
            ("acme,beta", vec!["acme", "beta"]),
            ("[\"acme\", \"beta\"]", vec!["acme", "beta"]),
            ("", vec![]),
            ("*", vec![]),
            ("../acme _marketplace ACME!", vec![]),
        ] {
            let claims =
                json!({"jwt": {"claims": {"sub": "u-1", "rollcall_programs": claim}, "scopes": null}});
            let request = identified(event(claims), "rollcall_programs");
            assert_eq!(told(&request).unwrap(), programs, "{claim}");
            assert_eq!(request.extensions().get::<Caller>().unwrap().name, "u-1");
        }
    }

    #[test]
    fn no_claim_is_no_program_and_no_token_is_nobody() {
        let other = json!({"jwt": {"claims": {"sub": "u\n1", "programs": "acme"}, "scopes": null}});
        let request = identified(event(other), "rollcall_programs");
        assert!(told(&request).unwrap().is_empty());
        assert_eq!(request.extensions().get::<Caller>().unwrap().name, "u1");
        assert_eq!(told(&identified(event(json!({})), "rollcall_programs")), None);
        assert_eq!(told(&identified(event(Value::Null), "rollcall_programs")), None);
    }
}
