//! What nothing can be faster than: an empty tool over stdio, and an append that is durable.

use crate::client::Done;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, JsonObject,
    ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler, ServiceExt as _};
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tekton_budget::service::front::stdio;

/// The argument that makes this program the empty server.
pub(crate) const SERVE: &str = "serve-the-empty-tool";

struct Empty;

impl ServerHandler for Empty {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let mut schema = JsonObject::new();
        schema.insert("type".into(), "object".into());
        let tool = Tool::new("empty", "Does nothing.", Arc::new(schema));
        Ok(ListToolsResult::with_all_items(vec![tool]))
    }

    async fn call_tool(
        &self,
        _request: CallToolRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        Ok(CallToolResult::success(vec![ContentBlock::text("")]).into())
    }
}

/// Serves the empty tool with rmcp's own transport, on pipes without a thread between, as the ledger's are.
pub(crate) fn serve() -> Done<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let running = Empty.serve(stdio::claim()?).await?;
        running.waiting().await?;
        Ok(())
    })
}

/// A file that each append makes durable.
pub(crate) struct RawLog {
    file: File,
    block: Vec<u8>,
}

impl RawLog {
    pub(crate) fn create(dir: &Path, bytes: usize) -> Done<Self> {
        Ok(Self {
            file: File::create(dir.join(format!("raw-{bytes}")))?,
            block: vec![b'e'; bytes],
        })
    }

    /// How long one append takes until it is durable.
    pub(crate) fn append(&mut self) -> Done<Duration> {
        let begun = Instant::now();
        self.file.write_all(&self.block)?;
        self.file.sync_data()?;
        Ok(begun.elapsed())
    }
}
