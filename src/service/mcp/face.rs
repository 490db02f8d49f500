//! What the server says to each request of the protocol.

use super::call::call;
use super::client::Client;
use super::completion::complete;
use super::listing::listed;
use super::resources;
use super::subscriptions::{Followed, Following, LIST_PAUSE, Listener, PAUSE};
use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CompleteRequestParams, CompleteResult,
    DiscoverResult, Implementation, InitializeRequestParams, InitializeResult,
    ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, PaginatedRequestParams,
    ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult, ResourceContents,
    ServerCapabilities, ServerConfig, SubscribeRequestParams, SubscriptionFilter,
    UnsubscribeRequestParams,
};
use rmcp::service::{Peer, RequestContext, SubscriptionContext};
use rmcp::{ErrorData, RoleServer, ServerHandler};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How long what only another version of this program changes may be taken for fresh, in milliseconds.
const FIXED_FRESH_MS: u64 = 3_600_000;

/// The same for the list of resources, of whose changes a client is told.
const LIST_FRESH_MS: u64 = 60_000;

/// What an agent needs to know before its first call.
const INSTRUCTIONS: &str = "\
Budgets for LLM calls. Around every model call:
1. Ask and hold: `allocate_budget` with provider, model, input_tokens (or input_text) and max_output_tokens holds the \
money and gives an `allocation_id`. `check_budget` answers the same and holds nothing.
2. If `allowed`, call the model.
3. Record: `record_usage` with provider, model, the provider's usage object verbatim as `provider_usage`, the \
`allocation_id`, `final: true` on the last record of the allocation, and a `request_id` of your own. Sending the same \
`request_id` again is always safe. Record what was spent even if it was not held.
If refused: shorten the output to what `fits`, take one of the `alternatives`, wait until `retry_at`, or ask for more \
with `request_increase`. Release what you will not use with `release_allocation`.
Money is a decimal string in USD, times are RFC 3339.";

/// The server as one client sees it.
pub(super) struct Face {
    client: Arc<Client>,
    config: ServerConfig,
    tools: OnceLock<Vec<rmcp::model::Tool>>,
    /// What a client of a session follows by `resources/subscribe`.
    subscribed: Arc<Following>,
    followers: Mutex<Followers>,
    /// The sequence before the oldest `subscriptions/listen` that was accepted and has not begun.
    accepted_at: AtomicU64,
}

/// The tasks that follow changes for a client of a session; they end with it.
#[derive(Default)]
struct Followers {
    tasks: JoinSet<()>,
    resources: bool,
    list: bool,
}

impl Face {
    pub(super) fn new(client: Client) -> Self {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_resources()
            .enable_resources_subscribe()
            .enable_resources_list_changed()
            .enable_completions()
            .build();
        let server = Implementation::new("tekton-budget", env!("CARGO_PKG_VERSION"))
            .with_title("Tekton Budget")
            .with_description(env!("CARGO_PKG_DESCRIPTION"));
        Self {
            client: Arc::new(client),
            config: ServerConfig::new(capabilities)
                .with_server_info(server)
                .with_instructions(INSTRUCTIONS),
            tools: OnceLock::new(),
            subscribed: Arc::default(),
            followers: Mutex::default(),
            accepted_at: AtomicU64::new(u64::MAX),
        }
    }

    /// Begins to follow for a client of a session, once for each of both.
    fn follow(&self, list: bool, changes: watch::Receiver<u64>, peer: Peer<RoleServer>) {
        let mut followers = self
            .followers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let begun = if list {
            &mut followers.list
        } else {
            &mut followers.resources
        };
        if std::mem::replace(begun, true) {
            return;
        }
        let client = Arc::clone(&self.client);
        let listener = Listener::Peer(peer);
        if list {
            followers.tasks.spawn(async move {
                let following = Following::default();
                following.add(&client, Followed::List).await;
                following
                    .follow(&client, changes, LIST_PAUSE, listener)
                    .await;
            });
        } else {
            let following = Arc::clone(&self.subscribed);
            followers.tasks.spawn(async move {
                following.follow(&client, changes, PAUSE, listener).await;
            });
        }
    }

    /// Tells one listener of the changes that it asked for, as long as it is polled.
    async fn listen_for(&self, context: &SubscriptionContext, accepted_at: u64) {
        let changes = self.client.service.changes();
        let (resources, list) = (Following::default(), Following::default());
        let filter = context.accepted();
        for uri in filter.resource_subscriptions.iter().flatten() {
            let what = Followed::Resource(uri.clone());
            resources.add(&self.client, what).await;
        }
        if filter.resources_list_changed == Some(true) {
            list.add(&self.client, Followed::List).await;
        }
        // The client has had its acknowledgement before the first reading: what changed in between would go unseen.
        if *changes.borrow() != accepted_at {
            let listener = Listener::Sink(context.sink().clone());
            for what in [resources.all(), list.all()].concat() {
                listener.tell(&what).await;
            }
        }
        let sink = || Listener::Sink(context.sink().clone());
        tokio::join!(
            resources.follow(&self.client, changes.clone(), PAUSE, sink()),
            list.follow(&self.client, changes.clone(), LIST_PAUSE, sink()),
        );
    }
}

/// Refuses a cursor where there is only one page.
fn one_page(request: Option<PaginatedRequestParams>) -> Result<(), ErrorData> {
    match request.and_then(|request| request.cursor) {
        Some(cursor) if !cursor.is_empty() => {
            let message = "cursor: this list has one page; leave it out";
            Err(ErrorData::invalid_params(message, None))
        }
        _ => Ok(()),
    }
}

impl ServerHandler for Face {
    fn get_info(&self) -> ServerConfig {
        self.config.clone()
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        let result = self.negotiate_initialize(&request)?;
        let agreed = request.with_protocol_version(result.protocol_version.clone());
        context.peer.set_peer_info(agreed);
        Ok(result)
    }

    async fn discover(&self, _: RequestContext<RoleServer>) -> Result<DiscoverResult, ErrorData> {
        let versions = self.supported_protocol_versions().into_owned();
        Ok(DiscoverResult::from_server_info(versions, self.get_info()).with_ttl_ms(FIXED_FRESH_MS))
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        one_page(request)?;
        let tools = self
            .tools
            .get_or_init(|| listed(self.client.tools, self.client.caller.role));
        // It depends on the role, so no other client may have it from a cache.
        Ok(ListToolsResult::with_all_items(tools.clone())
            .with_ttl_ms(FIXED_FRESH_MS)
            .with_cache_scope(CacheScope::Private))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        call(&self.client, request, context).await
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let changes = self.client.service.changes();
        let cursor = request.and_then(|request| request.cursor);
        let result = resources::list(&self.client, cursor).await?;
        if context.peer.peer_info().is_some() {
            // Only who has seen the list has a use for its changes.
            self.follow(true, changes, context.peer);
        }
        Ok(result
            .with_ttl_ms(LIST_FRESH_MS)
            .with_cache_scope(CacheScope::Private))
    }

    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        one_page(request)?;
        Ok(
            ListResourceTemplatesResult::with_all_items(resources::templates())
                .with_ttl_ms(FIXED_FRESH_MS)
                .with_cache_scope(CacheScope::Private),
        )
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let (kind, text) = tokio::select! {
            biased;
            () = context.ct.cancelled() => return Err(ErrorData::internal_error("cancelled", None)),
            read = resources::read(&self.client, &request.uri) => read?,
        };
        let contents =
            ResourceContents::text(text, request.uri).with_mime_type(resources::MEDIA_TYPE);
        Ok(ReadResourceResult::new(vec![contents])
            .with_ttl_ms(kind.fresh_ms)
            .with_cache_scope(CacheScope::Private)
            .into())
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        complete(&self.client, request)
            .await
            .map(CompleteResult::new)
    }

    async fn subscribe(
        &self,
        request: SubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        let changes = self.client.service.changes();
        resources::read(&self.client, &request.uri).await?;
        let what = Followed::Resource(request.uri);
        self.subscribed.add(&self.client, what).await;
        self.follow(false, changes, context.peer);
        Ok(())
    }

    async fn unsubscribe(
        &self,
        request: UnsubscribeRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        // Asking twice for the same end is no mistake.
        self.subscribed.remove(&Followed::Resource(request.uri));
        Ok(())
    }

    fn accepted_subscription_filter(
        &self,
        requested: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        let now = *self.client.service.changes().borrow();
        self.accepted_at.fetch_min(now, Ordering::SeqCst);
        let mut accepted = requested.clone();
        if let Some(uris) = &mut accepted.resource_subscriptions {
            uris.retain(|uri| resources::find(uri).is_ok());
        }
        Some(accepted)
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let accepted_at = self.accepted_at.swap(u64::MAX, Ordering::SeqCst);
        tokio::select! {
            biased;
            () = context.cancelled() => {}
            () = self.client.ended.wait() => {}
            () = self.listen_for(&context, accepted_at) => {}
        }
        Ok(())
    }
}
