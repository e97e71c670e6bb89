"""Scraped code Q&A in; documents, embeddings, clusters, categories and randomly drawn seeds out."""
