"""In-memory fakes, for our tests and for those of extension authors.

``peers``     a peer that keeps what it was sent
``house``     the services on a fake clock, and sessions in them
``http``      an HTTP client that asks nobody
``llm``       a language model whose answers a test gives
``network``   servers of engines, and WebSockets, in memory
``processes`` other programs that are never started
``stores``    stores without a database
``engines``   engines that understand and say what a test wants
``engine_contracts`` what every engine must do
``socket_server`` a WebSocket server that does what a test says
``speech_servers`` Deepgram and Soniox, as far as their protocols go
``wyoming_server`` a Wyoming server
``secret_files`` files with secrets, in memory
``spoken``    sentences, a voice for them, and how many words were misunderstood
``openai_stub``  a server of a language model, in memory or as a program
``model_contracts`` what every language model and maker of pictures must do
"""
