DROP TABLE plugin_bundle_piece;
