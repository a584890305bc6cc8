// Command verify checks what a Comity log shows (checkpoint, cosignatures, proofs, tiles) with the packages with which
// the Go project checks its own log. See the README beside it.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const tileHeight = 8

type inclusion struct {
	Index, Size int64
	Leaf, Root  tlog.Hash
	Path        tlog.RecordProof
}

type consistency struct {
	Old, New         int64
	OldRoot, NewRoot tlog.Hash
	Path             tlog.TreeProof
}

type shown struct {
	Note          string
	Origin        string
	LogKey        string
	WitnessKeys   []string
	Leaves        []tlog.Hash
	Inclusions    []inclusion
	Consistencies []consistency
	Tiles         map[string][]byte
}

// witness verifies cosignature/v1: a big-endian time and an Ed25519 signature over that time and the note's text.
type witness struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (w witness) Name() string    { return w.name }
func (w witness) KeyHash() uint32 { return w.hash }
func (w witness) Verify(text, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	signed := fmt.Sprintf("cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(signature), text)
	return ed25519.Verify(w.key, []byte(signed), signature[8:])
}

func newWitness(text string) (note.Verifier, error) {
	parts := strings.SplitN(text, "+", 3)
	if len(parts) != 3 {
		return nil, fmt.Errorf("witness key: want name+id+base64")
	}
	material, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(material) != 1+ed25519.PublicKeySize || material[0] != 4 {
		return nil, fmt.Errorf("witness key: want type 4 and an Ed25519 key")
	}
	sum := sha256.Sum256(append([]byte(parts[0]+"\n"), material...))
	id := binary.BigEndian.Uint32(sum[:])
	if parts[1] != fmt.Sprintf("%08x", id) {
		return nil, fmt.Errorf("witness key: id %s, want %08x", parts[1], id)
	}
	return witness{parts[0], id, material[1:]}, nil
}

// tiles serves the tiles as they were shown; tlog asks for those that the tree's size calls for.
type tiles map[string][]byte

func (t tiles) Height() int                     { return tileHeight }
func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range wanted {
		// C2SP tlog-tiles fixes the height, so its paths do not name it.
		path := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", tileHeight), "tile/", 1)
		data, ok := t[path]
		if !ok {
			return nil, fmt.Errorf("%s was not shown", path)
		}
		found = append(found, data)
	}
	return found, nil
}

func checkNote(s shown) (tlog.Tree, error) {
	var tree tlog.Tree
	log, err := note.NewVerifier(s.LogKey)
	if err != nil {
		return tree, fmt.Errorf("log key: %v", err)
	}
	keys := []note.Verifier{log}
	for _, text := range s.WitnessKeys {
		key, err := newWitness(text)
		if err != nil {
			return tree, err
		}
		keys = append(keys, key)
	}
	opened, err := note.Open([]byte(s.Note), note.VerifierList(keys...))
	if err != nil {
		return tree, err
	}
	if len(opened.Sigs) != len(keys) {
		return tree, fmt.Errorf("%d of %d signatures verify", len(opened.Sigs), len(keys))
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != s.Origin {
		return tree, fmt.Errorf("checkpoint of another origin or shape")
	}
	if _, err := fmt.Sscanf(lines[1], "%d", &tree.N); err != nil {
		return tree, err
	}
	tree.Hash, err = tlog.ParseHash(lines[2])
	return tree, err
}

func checkTiles(s shown, tree tlog.Tree) error {
	reader := tlog.TileHashReader(tree, tiles(s.Tiles))
	if int64(len(s.Leaves)) != tree.N {
		return fmt.Errorf("%d leaves shown, the checkpoint says %d", len(s.Leaves), tree.N)
	}
	indexes := make([]int64, len(s.Leaves))
	for i := range indexes {
		indexes[i] = tlog.StoredHashIndex(0, int64(i))
	}
	hashes, err := reader.ReadHashes(indexes)
	if err != nil {
		return err
	}
	for i, hash := range hashes {
		if hash != s.Leaves[i] {
			return fmt.Errorf("tiles hold another leaf %d", i)
		}
	}
	for _, p := range s.Inclusions {
		made, err := tlog.ProveRecord(p.Size, p.Index, reader)
		if err != nil || fmt.Sprint(made) != fmt.Sprint(p.Path) {
			return fmt.Errorf("tiles give another proof of leaf %d of %d (%v)", p.Index, p.Size, err)
		}
	}
	for _, p := range s.Consistencies {
		made, err := tlog.ProveTree(p.New, p.Old, reader)
		if err != nil || fmt.Sprint(made) != fmt.Sprint(p.Path) {
			return fmt.Errorf("tiles give another proof from %d to %d (%v)", p.Old, p.New, err)
		}
	}
	return nil
}

func check(s shown) error {
	tree, err := checkNote(s)
	if err != nil {
		return fmt.Errorf("note: %v", err)
	}
	for _, p := range s.Inclusions {
		if err := tlog.CheckRecord(p.Path, p.Size, p.Root, p.Index, p.Leaf); err != nil {
			return fmt.Errorf("leaf %d of %d: %v", p.Index, p.Size, err)
		}
	}
	for _, p := range s.Consistencies {
		if err := tlog.CheckTree(p.Path, p.New, p.NewRoot, p.Old, p.OldRoot); err != nil {
			return fmt.Errorf("from %d to %d: %v", p.Old, p.New, err)
		}
	}
	// A proof file holds neither leaves nor tiles: its checkpoint and its one path are all that it shows.
	if s.Leaves == nil && s.Tiles == nil {
		return nil
	}
	if err := checkTiles(s, tree); err != nil {
		return fmt.Errorf("tiles: %v", err)
	}
	return nil
}

func main() {
	var s shown
	var input bytes.Buffer
	if _, err := input.ReadFrom(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	decoder := json.NewDecoder(&input)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&s); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if err := check(s); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
