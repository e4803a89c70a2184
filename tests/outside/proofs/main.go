// Command proofs checks a log's checkpoint, its leaves and its proofs by code that Kiteline had no hand in:
// the Go checksum database's note and tlog, and the transparency.dev witness format. It reads one JSON object from
// standard input, writes "ok" where everything holds, and fails with what does not.
package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strings"

	tdlog "github.com/transparency-dev/formats/log"
	tdnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type question struct {
	Key       string   `json:"key"`
	Origin    string   `json:"origin"`
	Note      []byte   `json:"note"`
	Witnesses []string `json:"witnesses"`
	Bundle    []byte   `json:"bundle"`
	Leaves    [][]byte `json:"leaves"`
	Inclusion []struct {
		Index  int64    `json:"index"`
		Leaf   []byte   `json:"leaf"`
		Hashes [][]byte `json:"hashes"`
	} `json:"inclusion"`
	Consistency []struct {
		Size   int64    `json:"size"`
		Root   []byte   `json:"root"`
		Hashes [][]byte `json:"hashes"`
	} `json:"consistency"`
}

func main() {
	log.SetFlags(0)
	var asked question
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		log.Fatal(err)
	}
	verifier, err := note.NewVerifier(asked.Key)
	if err != nil {
		log.Fatal(err)
	}
	var witnesses []note.Verifier
	for _, line := range asked.Witnesses {
		witness, err := tdnote.NewVerifierForCosignatureV1(line)
		if err != nil {
			log.Fatal(err)
		}
		witnesses = append(witnesses, witness)
	}
	checkpoint, _, signed, err := tdlog.ParseCheckpoint(asked.Note, asked.Origin, verifier, witnesses...)
	if err != nil {
		log.Fatal(err)
	}
	if len(signed.Sigs) != 1+len(witnesses) {
		log.Fatalf("%d signatures of known keys, not %d", len(signed.Sigs), 1+len(witnesses))
	}
	size, root := int64(checkpoint.Size), hash(checkpoint.Hash)
	if asked.Bundle != nil {
		checkBundle(asked.Bundle, verifier)
	}
	if asked.Leaves != nil {
		checkLeaves(asked.Leaves, size, root)
	}
	for _, one := range asked.Inclusion {
		if err := tlog.CheckRecord(hashes(one.Hashes), size, root, one.Index, tlog.RecordHash(one.Leaf)); err != nil {
			log.Fatalf("leaf %d: %v", one.Index, err)
		}
	}
	for _, one := range asked.Consistency {
		if err := tlog.CheckTree(hashes(one.Hashes), size, root, one.Size, hash(one.Root)); err != nil {
			log.Fatalf("tree of %d: %v", one.Size, err)
		}
	}
	fmt.Println("ok")
}

// checkBundle checks that the log's key signed the very bytes of the evidence that a bundle holds.
func checkBundle(bundle []byte, verifier note.Verifier) {
	var held struct {
		Evidence  json.RawMessage `json:"evidence"`
		Signature string          `json:"signature"`
	}
	if err := json.Unmarshal(bundle, &held); err != nil {
		log.Fatal(err)
	}
	signed, err := note.Open([]byte(held.Signature), note.VerifierList(verifier))
	if err != nil {
		log.Fatalf("evidence: %v", err)
	}
	digest := sha256.Sum256(held.Evidence)
	lines := strings.Split(signed.Text, "\n")
	if len(lines) != 5 || lines[0] != "urn:kiteline:evidence:1" || lines[3] != base64.StdEncoding.EncodeToString(digest[:]) {
		log.Fatal("evidence: the signature is over something else")
	}
}

// checkLeaves builds the whole tree and compares its root.
func checkLeaves(leaves [][]byte, size int64, root tlog.Hash) {
	var stored []tlog.Hash
	read := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var found []tlog.Hash
		for _, index := range indexes {
			found = append(found, stored[index])
		}
		return found, nil
	})
	for number, leaf := range leaves {
		more, err := tlog.StoredHashes(int64(number), leaf, read)
		if err != nil {
			log.Fatal(err)
		}
		stored = append(stored, more...)
	}
	built, err := tlog.TreeHash(size, read)
	if err != nil {
		log.Fatal(err)
	}
	if built != root {
		log.Fatalf("the leaves make %v, the checkpoint says %v", built, root)
	}
}

func hash(raw []byte) (one tlog.Hash) {
	copy(one[:], raw)
	return one
}

func hashes(raw [][]byte) (all []tlog.Hash) {
	for _, one := range raw {
		all = append(all, hash(one))
	}
	return all
}
