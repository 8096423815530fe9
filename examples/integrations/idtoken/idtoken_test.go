package idtoken_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"golang.org/x/oauth2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"

	"github.com/onafed/onafed/examples/integrations/idtoken"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/idptest"
)

const audience = "https://service.example.com"

// source returns a cached source, and the header that its token makes.
func source(t *testing.T) (src idp.TokenSource, header string) {
	t.Helper()
	src = idp.Cached(idptest.NewIssuer(t, nil).TokenSource(audience), nil)
	tok, err := src.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return src, "Bearer " + tok.Raw()
}

func TestOAuth2(t *testing.T) {
	src, want := source(t)
	var got string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header.Get("Authorization") }))
	defer server.Close()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := oauth2.NewClient(t.Context(), idtoken.OAuth2(t.Context(), src)).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if got != want {
		t.Errorf("Authorization: %q, want the token", got)
	}
}

func TestPerRPC(t *testing.T) {
	src, want := source(t)
	https := httptest.NewTLSServer(http.NotFoundHandler()) // for its certificate
	defer https.Close()
	var got []string
	server := grpc.NewServer(
		grpc.Creds(credentials.NewServerTLSFromCert(&https.TLS.Certificates[0])),
		grpc.UnaryInterceptor(func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
			got = metadata.ValueFromIncomingContext(ctx, "authorization")
			return next(ctx, req)
		}))
	healthpb.RegisterHealthServer(server, health.NewServer())
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go server.Serve(ln)
	defer server.Stop()

	roots := x509.NewCertPool()
	roots.AddCert(https.Certificate())
	conn, err := grpc.NewClient(ln.Addr().String(),
		grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{RootCAs: roots, ServerName: "example.com"})),
		grpc.WithPerRPCCredentials(idtoken.PerRPC(src)))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := healthpb.NewHealthClient(conn).Check(t.Context(), &healthpb.HealthCheckRequest{}); err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0] != want {
		t.Errorf("authorization: %q, want the token", got)
	}
}
