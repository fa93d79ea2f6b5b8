//! The mail: what is sent arrives, with what it says.

use rollcall_domain::report::notification::Notification;
use rollcall_domain::types::names::ImportId;
use rollcall_pipeline::ports::Mail;

use super::import;

/// Runs the suite; `arrived` gives the letters of an import as the service took them, as text.
pub async fn mail_contract<M: Mail>(mail: M, arrived: impl AsyncFn(&ImportId) -> Vec<String>) {
    let some = notification(&["ann@sample.com", "bob@sample.com"]);
    mail.send(&import(1), &some).await.expect("sent");
    let letters = arrived(&import(1)).await;
    assert_eq!(letters.len(), 1);
    assert!(some.to.iter().all(|address| letters[0].contains(address)));
    mail.send(&import(2), &some).await.expect("sent");
    assert_eq!(arrived(&import(1)).await.len(), 1);
    mail.send(&import(1), &some).await.expect("sent again");
    assert!(!arrived(&import(1)).await.is_empty());
}

/// A letter to these.
pub fn notification(to: &[&str]) -> Notification {
    Notification {
        from: "rollcall@sample.com".to_owned(),
        to: to.iter().map(ToString::to_string).collect(),
        subject: "Lista «prospects»: 3 rows, ação".to_owned(),
        text: "3 rows\n\n.\nFrom here: ção\n".to_owned(),
        html: format!("<p>{}</p>\n", "ção ".repeat(400)),
        attachment: None,
    }
}
