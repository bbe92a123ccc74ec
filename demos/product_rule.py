# %% [markdown]
"""
# Product rule

Text.
"""

# %%
print("product_rule")
