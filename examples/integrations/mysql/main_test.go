package main

import (
	"bytes"
	"crypto/tls"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// greeting is the first packet of a server that wants TLS and a password in clear text
// ("Protocol::HandshakeV10", MySQL Source Code Documentation).
var greeting = bytes.Join([][]byte{
	{10},
	[]byte("8.0.0\x00"), make([]byte, 4), []byte("12345678"),
	{0},
	{0x01, 0xaa}, // capabilities: long password, 4.1 protocol, TLS, transactions, secure connection
	{45, 2, 0},   // character set and status
	{0x08, 0},    // capabilities: names of plugins
	{21},
	make([]byte, 10), []byte("123456789012\x00"), []byte("mysql_clear_password\x00"),
}, nil)

func writePacket(w io.Writer, number byte, payload []byte) error {
	_, err := w.Write(append([]byte{byte(len(payload)), byte(len(payload) >> 8), 0, number}, payload...))
	return err
}

func readPacket(r io.Reader) (number byte, payload []byte, err error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	payload = make([]byte, int(head[0])|int(head[1])<<8|int(head[2])<<16)
	_, err = io.ReadFull(r, payload)
	return head[3], payload, err
}

// serve speaks the protocol of MySQL with one client, and sends its login to the channel.
func serve(conn net.Conn, conf *tls.Config, logins chan<- []byte) error {
	defer conn.Close()
	if err := writePacket(conn, 0, greeting); err != nil {
		return err
	}
	if _, _, err := readPacket(conn); err != nil { // the request for TLS
		return err
	}
	secure := tls.Server(conn, conf)
	number, login, err := readPacket(secure)
	if err != nil {
		return err
	}
	logins <- login
	for {
		if err := writePacket(secure, number+1, []byte{0, 0, 0, 2, 0, 0, 0}); err != nil { // OK
			return err
		}
		if number, _, err = readPacket(secure); err != nil { // a command
			return err
		}
	}
}

func TestConnectionsLogInWithTokens(t *testing.T) {
	https := httptest.NewTLSServer(http.NotFoundHandler()) // for its certificate
	defer https.Close()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	logins := make(chan []byte, 100)
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go serve(conn, &tls.Config{Certificates: https.TLS.Certificates}, logins)
		}
	}()
	endpoint := ln.Addr().String()
	cfg := aws.Config{Region: "eu-central-1", Credentials: credentials.NewStaticCredentialsProvider("AKID", "secret", "session")}
	db, err := openDB(cfg, endpoint, "app", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: https.Certificate().Raw}))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.PingContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	if login := <-logins; !bytes.Contains(login, []byte("app\x00")) || !bytes.Contains(login, []byte(endpoint+"?Action=connect&DBUser=app&")) {
		t.Errorf("login %q, want the user and a token", login)
	}
	if _, err := openDB(cfg, endpoint, "app", []byte("no certificate")); err == nil {
		t.Error("openDB without certificates succeeds")
	}
}
