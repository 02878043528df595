//! Requests of the person and of whoever drives the engine: sent in order, answered in tasks of their own.

use futures_util::FutureExt;

use crate::protocol::{
    ApiError, Code, Request,
    api::{GetUsers, SetSelfInfo},
    limits,
};

use super::{
    RawRequest,
    actor::{Actor, Message},
    lessons::News,
};

/// Who wants something of the server, and so is told if it was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    OfThePerson,
    /// Also whoever was second is told why.
    InALesson,
    OfTheProgram,
}

impl Actor {
    /// Everybody on the server, page by page.
    pub(super) fn list_people(&mut self) {
        let Some(client) = self.link.client.clone() else { return };
        let (generation, inbox) = (self.link.generation, self.inbox.clone());
        tokio::spawn(async move {
            let mut after = None;
            loop {
                let request = GetUsers { query: String::new(), after: after.take(), limit: limits::PAGE_MAX };
                match client.call(request).await {
                    Ok(page) => {
                        after = page.users.last().map(|user| user.user_id.clone());
                        let _ = inbox.send(Message::People(generation, page.users)).await;
                        if !page.more || after.is_none() {
                            break;
                        }
                    }
                    // The connection broke; the list is asked for again once it is back.
                    Err(error) => {
                        tracing::info!(%error, "people cannot be listed now");
                        break;
                    }
                }
            }
        });
    }

    pub(super) fn rename(&mut self, name: String) {
        let Some(client) = self.link.client.clone() else { return };
        let (generation, inbox) = (self.link.generation, self.inbox.clone());
        tokio::spawn(async move {
            let message = match client.call(SetSelfInfo { display_name: name.clone() }).await {
                Ok(_) => Message::Renamed(generation, name),
                Err(error) => Message::Failed(error),
            };
            let _ = inbox.send(message).await;
        });
    }

    pub(super) fn renamed(&mut self, name: String) {
        if let Some(me) = &mut self.draft.me {
            me.display_name = name;
        }
    }

    /// Asks the server for something whose outcome it tells all devices of the user, this one too: only a failure comes
    /// back. Requests leave in the order in which they were wished.
    pub(super) fn wish(&mut self, request: impl Into<Request>, wish: Wish) {
        let Some(client) = self.link.client.clone() else { return };
        let request = request.into();
        let (method, generation) = (request.method(), self.link.generation);
        let mut answer = Box::pin(async move { client.request(request).await.err() });
        let early = tokio::task::unconstrained(&mut answer).now_or_never();
        let inbox = self.inbox.clone();
        tokio::spawn(async move {
            let failed = match early {
                Some(failed) => failed,
                None => answer.await,
            };
            match (failed, wish) {
                (None, _) => {}
                (Some(error), Wish::OfThePerson) => _ = inbox.send(Message::Failed(error)).await,
                (Some(error), Wish::InALesson) => {
                    let _ = inbox.send(Message::Lessons(generation, News::Refused(error))).await;
                }
                (Some(error), Wish::OfTheProgram) => tracing::info!(%error, "{method} was not done"),
            }
        });
    }

    pub(super) fn raw_request(&mut self, raw: RawRequest) {
        let RawRequest { request, reply } = raw;
        let Some(client) = self.link.client.clone() else {
            let error = ApiError::new(Code::NotInitialized, "There is no server yet; wait until the phone is online.");
            // Who asked may have given up.
            let _ = reply.send(Err(error));
            return;
        };
        let mut answer = Box::pin(async move {
            let text = client.request(request).await?;
            serde_json::from_str(text.get()).map_err(|error| {
                ApiError::new(Code::ParseError, format!("The server's answer is unreadable: {error}."))
            })
        });
        // As for the machine: requests leave in the order in which they were asked.
        let early = tokio::task::unconstrained(&mut answer).now_or_never();
        tokio::spawn(async move {
            let answer = match early {
                Some(answer) => answer,
                None => answer.await,
            };
            let _ = reply.send(answer);
        });
    }
}
