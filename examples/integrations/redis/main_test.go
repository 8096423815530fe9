package main

import (
	"bufio"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/onafed/onafed/awsfed/authtoken"
)

// readCommand reads an array of strings in the protocol of Redis (RESP).
func readCommand(r *bufio.Reader) ([]string, error) {
	number := func() (int, error) {
		line, err := r.ReadString('\n')
		if err != nil {
			return 0, err
		}
		return strconv.Atoi(strings.TrimSpace(line[1:]))
	}
	n, err := number()
	if err != nil {
		return nil, err
	}
	var words []string
	for range n {
		size, err := number()
		if err != nil {
			return nil, err
		}
		word := make([]byte, size+2)
		if _, err := io.ReadFull(r, word); err != nil {
			return nil, err
		}
		words = append(words, string(word[:size]))
	}
	return words, nil
}

// serve answers as a server that has AUTH and no HELLO, and sends each login to the channel.
func serve(conn net.Conn, logins chan<- []string) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	for {
		words, err := readCommand(r)
		if err != nil || len(words) == 0 {
			return
		}
		answer := "+OK\r\n"
		switch strings.ToLower(words[0]) {
		case "hello":
			answer = "-ERR unknown command 'HELLO'\r\n"
		case "auth":
			logins <- words[1:]
		case "ping":
			answer = "+PONG\r\n"
		}
		if _, err := io.WriteString(conn, answer); err != nil {
			return
		}
	}
}

func TestConnectionsLogInWithTokens(t *testing.T) {
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	logins := make(chan []string, 100)
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go serve(conn, logins)
		}
	}()
	cfg := aws.Config{Region: "eu-central-1", Credentials: credentials.NewStaticCredentialsProvider("AKID", "secret", "session")}
	tokens, err := authtoken.ElastiCache(cfg, "sessions", "app")
	if err != nil {
		t.Fatal(err)
	}
	client := newClient(tokens, ln.Addr().String(), "app", nil)
	defer client.Close()
	if err := client.Ping(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	tok, err := tokens.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := <-logins, []string{"app", tok.Raw()}; !slices.Equal(got, want) {
		t.Errorf("login with %q, want %q", got, want)
	}
}
