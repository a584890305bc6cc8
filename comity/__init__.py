"""Comity: an open platform on which the police bureaus of many countries work together.

Whatever a bureau says is one signed, typed act in one sealed envelope (decision 0002). The layers, from the
outside in, are ``faces -> app -> capabilities -> node -> engines -> core``; ARCHITECTURE.md is the map.
"""
