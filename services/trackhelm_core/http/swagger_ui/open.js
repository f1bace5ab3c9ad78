// Addresses are relative to the page's, so that they hold behind a proxy that adds a prefix.
SwaggerUIBundle({
    url: "openapi.json",
    dom_id: "#swagger-ui",
    deepLinking: true,
    // By default the document is sent to a validator on the internet.
    validatorUrl: null,
});
