package gateway_test

import (
	"bytes"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/issuer"
)

// An issuer without a server: its documents are in a public bucket, and a host passes requests on
// to it, as a CDN does. Discovery, verification and the gateway's own STS read them there.
func TestDocumentsOnS3(t *testing.T) {
	t.Parallel()
	const issuerURL, bucket = "https://cdn.example.com/ona", "documents"
	c := ceph(t)
	store := publicBucket(t, c, bucket)
	ring, err := issuer.NewKeyRing(&issuer.KeyRingOptions{Wait: -1})
	if err != nil {
		t.Fatal(err)
	}
	if err := ring.Publish(newSigner(t, "k0")); err != nil {
		t.Fatal(err)
	}
	publish(t, store, bucket, issuerURL, ring)

	metadata, err := issuer.Discover(t.Context(), issuerURL, &issuer.DiscoverOptions{HTTPClient: c.Net.Client()})
	if err != nil {
		t.Fatal(err)
	}
	if want := issuerURL + "/.well-known/jwks.json"; metadata.JWKSURI != want {
		t.Errorf("the keys are at %s, want %s", metadata.JWKSURI, want)
	}
	requests := &counting{next: c.Net.Client().Transport}
	keys, err := issuer.NewIssuerKeySet(issuerURL, &issuer.RemoteKeySetOptions{HTTPClient: &http.Client{Transport: requests}})
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := issuer.NewVerifier(issuerURL, keys, &issuer.VerifierOptions{Audiences: []string{idp.AudienceAWS}})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{cluster: c, URL: issuerURL, Subject: newSubject(), Ring: ring}
	raw, err := ring.Sign(t.Context(), w.claims())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := verifier.Verify(t.Context(), raw); err != nil {
		t.Errorf("a token of the issuer was refused: %v", err)
	}

	// The gateway uses the same documents. It fetches them from itself through the same host.
	w.register(t, issuerURL, idp.AudienceAWS)
	role := w.role(t, "documents", strings.Replace(openToAll, "HOST", "cdn.example.com/ona", 1))
	if _, err := w.provider(t, role).Credentials(t.Context()); err != nil {
		t.Errorf("the gateway refused the issuer whose documents are on its own S3: %v", err)
	}

	// A document that was not published is missing, and is not read as a key set.
	if _, err := issuer.Discover(t.Context(), "https://cdn.example.com/other", &issuer.DiscoverOptions{HTTPClient: c.Net.Client()}); err == nil {
		t.Error("discovery found an issuer that has no documents")
	}
	t.Logf("discovery and keys with %d requests; ETag and Cache-Control of the object store: %q, %q", requests.count.Load(), requests.etag.Load(), requests.cache.Load())
}

// publicBucket makes the bucket behind cdn.example.com, and returns the client of its owner.
func publicBucket(t *testing.T, c *cluster, bucket string) *s3.Client {
	t.Helper()
	// Public objects need a user without a tenant, otherwise the bucket's name in a URL contains a
	// colon.
	if _, err := c.run(t.Context(), "radosgw-admin", "user", "create", "--uid=documents", "--display-name=documents",
		"--access-key=ONAFEDINTEROPDOCS", "--secret="+c.Admin.SecretAccessKey); err != nil {
		t.Fatal(err)
	}
	store := c.s3(credentials.NewStaticCredentialsProvider("ONAFEDINTEROPDOCS", c.Admin.SecretAccessKey, ""))
	if _, err := store.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(bucket)}); err != nil {
		t.Fatal(err)
	}
	gateway, err := url.Parse(c.URL + "/" + bucket)
	if err != nil {
		t.Fatal(err)
	}
	c.Net.Handle("cdn.example.com", &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(gateway)
	}})
	return store
}

// publish puts the issuer's documents into the bucket, as public objects.
func publish(t *testing.T, store *s3.Client, bucket, issuerURL string, ring *issuer.KeyRing) {
	t.Helper()
	handler, err := issuer.NewHandler(issuerURL, ring, nil)
	if err != nil {
		t.Fatal(err)
	}
	for path, body := range handler.Documents() {
		if _, err := store.PutObject(t.Context(), &s3.PutObjectInput{
			Bucket: aws.String(bucket), Key: aws.String("ona/" + path), Body: bytes.NewReader(body),
			ContentType: aws.String("application/json"), CacheControl: aws.String("public, max-age=600"), ACL: types.ObjectCannedACLPublicRead,
		}); err != nil {
			t.Fatal(err)
		}
	}
}
