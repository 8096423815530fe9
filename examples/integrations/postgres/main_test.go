package main

import (
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/jackc/pgx/v5/pgproto3"
)

var cfg = aws.Config{Region: "eu-central-1", Credentials: credentials.NewStaticCredentialsProvider("AKID", "secret", "session")}

// A server speaks the protocol of PostgreSQL until a connection has logged in, and to each query it
// responds that it is empty.
type server struct {
	mu        sync.Mutex
	passwords []string
}

func (s *server) serve(conn net.Conn) error {
	defer conn.Close()
	b := pgproto3.NewBackend(conn, conn)
	if _, err := b.ReceiveStartupMessage(); err != nil {
		return err
	}
	b.Send(&pgproto3.AuthenticationCleartextPassword{})
	if err := b.Flush(); err != nil {
		return err
	}
	if err := b.SetAuthType(pgproto3.AuthTypeCleartextPassword); err != nil {
		return err
	}
	for {
		m, err := b.Receive()
		if err != nil {
			return err
		}
		switch m := m.(type) {
		case *pgproto3.PasswordMessage:
			s.mu.Lock()
			s.passwords = append(s.passwords, m.Password)
			s.mu.Unlock()
			b.Send(&pgproto3.AuthenticationOk{})
		case *pgproto3.Query:
			b.Send(&pgproto3.EmptyQueryResponse{})
		default:
			return nil
		}
		b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
		if err := b.Flush(); err != nil {
			return err
		}
	}
}

// start serves s on loopback, and returns its address.
func (s *server) start(t *testing.T) string {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go s.serve(conn)
		}
	}()
	return ln.Addr().String()
}

func TestConnectionsLogInWithTokens(t *testing.T) {
	var s server
	addr := s.start(t)
	url := "postgres://app@" + addr + "/orders?sslmode=disable"
	pool, err := newPool(t.Context(), cfg, url)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if err := pool.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	db, err := openDB(cfg, url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.PingContext(t.Context()); err != nil {
		t.Error(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.passwords) < 2 {
		t.Fatalf("%d logins, want 2", len(s.passwords))
	}
	for _, p := range s.passwords {
		if !strings.HasPrefix(p, addr+"?Action=connect&DBUser=app&") {
			t.Errorf("password %q, want a token for %s", p, addr)
		}
	}
}
